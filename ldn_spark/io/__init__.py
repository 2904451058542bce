"""The outside world: engines, delivered files, the lake, the run folder."""
