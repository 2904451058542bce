"""How a source declares its files: keys, checks, date formats."""
