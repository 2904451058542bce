"""Published values beside computed ones."""
