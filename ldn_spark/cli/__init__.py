"""The `ldn` command."""

from __future__ import annotations

GARBAGE_THRESHOLD = 100_000
"""New objects between two looks for garbage: Python's 700 make loading a library a tenth slower."""


def main() -> None:
    """Run the command line and leave with its exit code."""
    import gc

    from ldn_spark.cli.interrupts import hear_signals, leave

    gc.set_threshold(GARBAGE_THRESHOLD)
    hear_signals()
    try:
        from ldn_spark.cli.app import run
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    leave(run)
