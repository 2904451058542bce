"""The engines: sessions, tasks, waiting, and the seam where rows come to the driver."""
