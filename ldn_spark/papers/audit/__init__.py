"""A published table against itself, by arithmetic alone."""
