"""Delivered blocks parsed by tasks of the engine into landed files."""
