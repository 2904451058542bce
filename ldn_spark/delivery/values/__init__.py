"""Delivered texts into values, by the rules of a source."""
