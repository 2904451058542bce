"""The quality report of a version of a lake."""
