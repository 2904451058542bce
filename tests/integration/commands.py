"""Commands of `ldn` as users give them: each in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys


def ldn(*arguments, umask=0, job=None, code=0, **environment):
    """A command, or a job of spark-submit, under a umask that takes nothing away.

    It must end with the exit code `code`.
    """
    main = "from ldn_spark.cli import main; main()"
    program = [sys.executable, *(["-c", main] if job is None else [f"jobs/{job}.py"])]
    done = subprocess.run(
        [*program, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
        umask=umask,
        env=os.environ | environment,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done
