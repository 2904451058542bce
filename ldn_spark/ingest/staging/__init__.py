"""Delivered blocks parsed by tasks of the engine into staged files."""
