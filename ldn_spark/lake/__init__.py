"""The lake: versions of its tables, commits, files, verification."""
