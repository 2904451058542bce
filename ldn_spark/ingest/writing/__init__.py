"""Staged files into new versions of the registry tables."""
