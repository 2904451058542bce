"""A run's tables as the files of office programs, of LaTeX, and of statistical programs."""
