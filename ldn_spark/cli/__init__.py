"""The `ldn` command."""

from __future__ import annotations


def main() -> None:
    """Run the command line and leave with its exit code."""
    from ldn_spark.cli.interrupts import hear_signals, leave

    hear_signals()
    try:
        from ldn_spark.cli.app import run
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    leave(run)
