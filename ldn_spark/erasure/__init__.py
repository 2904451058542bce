"""Erase persons from a lake, or a whole lake, with a record that names nobody."""
