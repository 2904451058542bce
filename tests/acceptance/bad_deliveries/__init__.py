"""Deliveries as they should not arrive, made by hand, and what must become of each."""
