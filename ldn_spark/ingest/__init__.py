"""A delivery taken into the lake: every line accepted or rejected with a reason."""
