"""What may leave the registry: rules, cells, the proof that nothing small can be read off."""
