"""The `ldn` command."""

from __future__ import annotations


def main() -> None:
    """Run the command line and leave with its exit code."""
    from ldn_spark.cli.app import run

    raise SystemExit(run())
