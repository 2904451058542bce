"""A source declares how a register delivers its files: keys, checks, date formats."""
