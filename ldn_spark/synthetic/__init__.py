"""Invented registries with a known truth."""
