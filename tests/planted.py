"""Faults that are planted in real processes: in whatever a command starts, too.

A folder with a `sitecustomize.py` is put on PYTHONPATH, so every Python that the command starts
reads it and spoils one function of one module as soon as that module is loaded. The folder's name
also tells these processes from all others.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

FAULT = "planted: all is lost"
_CODE = """
import importlib.machinery, sys, time

MODULE, NAME, HANGS, FAULT = {module!r}, {name!r}, {hangs!r}, {fault!r}

def spoiled(*args, **kwargs):
    if HANGS:
        print("planted: it hangs", file=open({sign!r}, "w"), flush=True)
        time.sleep(600)
    raise RuntimeError(FAULT)

class Spoiler:
    def find_spec(self, name, path=None, target=None):
        if name != MODULE:
            return None
        sys.meta_path.remove(self)
        for finder in list(sys.meta_path):
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                break
        load = spec.loader.exec_module
        def exec_module(module):
            load(module)
            if NAME is None:
                spoiled()
            getattr(module, NAME)
            setattr(module, NAME, spoiled)
        spec.loader.exec_module = exec_module
        return spec

sys.meta_path.insert(0, Spoiler())
"""


class Planted:
    """A fault in `module.name`, or in the loading of the module where there is no name."""

    def __init__(self, folder: Path, module: str, name: str | None, *, hangs: bool = False):
        self.sign = folder / "hangs"
        self._folder = folder
        code = _CODE.format(module=module, name=name, hangs=hangs, fault=FAULT, sign=str(self.sign))
        (folder / "sitecustomize.py").write_text(code, encoding="utf-8")

    @property
    def environment(self) -> dict[str, str]:
        """For the process that is started."""
        known = os.environ.get("PYTHONPATH")
        return os.environ | {
            "PYTHONPATH": os.pathsep.join(filter(None, [str(self._folder), known]))
        }

    def processes(self) -> list[int]:
        """Every process that reads the fault and is not yet gone."""
        mark = str(self._folder).encode()
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
        return found

    def wait_until_gone(self, seconds: float = 5) -> list[int]:
        """What is left after a while."""
        end = time.monotonic() + seconds
        while (left := self.processes()) and time.monotonic() < end:
            time.sleep(0.05)
        return left

    def wait_until_it_hangs(self, seconds: float = 60) -> None:
        """Until the spoiled function has been called."""
        end = time.monotonic() + seconds
        while not self.sign.exists():
            assert time.monotonic() < end, "the spoiled function was never called"
            time.sleep(0.05)
