"""What registers deliver: how it is declared, read and guessed. No engine."""
