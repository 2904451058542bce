"""What is computed of the sums: groups, comparisons, curves, results. Plain Python."""
