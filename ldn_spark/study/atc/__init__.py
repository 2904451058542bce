"""ATC codes as the index changes: alterations, stated versions, translation."""
