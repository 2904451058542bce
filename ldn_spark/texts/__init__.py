"""Texts that people write for us and read of us: CSV, YAML, pages. Plain Python."""
