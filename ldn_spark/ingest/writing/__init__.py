"""Landed files into new versions of the registry tables."""
