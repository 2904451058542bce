"""Hold what arrives against what is there: repeats, replacements, links."""
