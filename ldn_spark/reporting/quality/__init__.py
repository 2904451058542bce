"""The quality report: CSVs and one page from an assessment of a lake."""
