"""The figures of a study: drawn with matplotlib, the same bytes for the same results."""
