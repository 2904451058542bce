"""Delivered files: found, told apart, and read line by line or row by row."""
