"""How the runs of a study move: what each says of itself, what moved, why, and what is too much."""
