"""Invented registries with a known truth."""

from ldn_spark.synthetic.registry import simulate
from ldn_spark.synthetic.truth import TRUTH_FILE, Truth

__all__ = ["TRUTH_FILE", "Truth", "simulate"]
