"""The page of a study's drift, and what it and the terminal say of each number."""
