"""A study from the lake to its folder of results."""
