"""What arrives beside what is there: repeats, replacements, links."""
