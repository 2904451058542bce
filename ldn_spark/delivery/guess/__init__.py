"""A source file proposed from the beginning of a delivered file."""
