"""Let PySpark's client start without loading pandas, which nothing here uses.

The client imports pandas at its head, a third of a second, for conversions that this package never
asks for. While the client is imported, a stand-in takes pandas' place. Whoever uses it for anything
but `isinstance` gets the real pandas, loaded then; and as long as that is not loaded, no object is
one of its classes, so the stand-in's answer to `isinstance` is right.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import ModuleType
from typing import Any

_CLASSES = frozenset({"DataFrame", "Series"})
_NAMES = ("pandas", "pandas.api", "pandas.api.types")


class _Late(ModuleType):
    """Stands for one module of pandas until anything of it is used."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name in _CLASSES and isinstance(sys.modules.get("pandas"), _Late | None):
            return _class_of_nothing(name)
        return getattr(importlib.import_module(self.__name__), name)


def _class_of_nothing(name: str) -> type:
    """A class that no object has; calling it makes an object of the real one."""

    def make(_: type, *values: Any, **named: Any) -> Any:
        return getattr(importlib.import_module("pandas"), name)(*values, **named)

    return type(name, (), {"__new__": make})


class _LateTypes(_Late):
    """`pandas.api.types`: its functions, bound by name when the client is imported."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)

        def call(*values: Any) -> Any:
            return getattr(importlib.import_module("pandas.api.types"), name)(*values)

        return call


@contextmanager
def without_pandas() -> Iterator[None]:
    """Import inside this what should not load pandas; where it is loaded already, nothing changes.

    Only what is imported for the first time inside keeps the stand-in. In another thread than the
    first nothing changes either: meanwhile that one may import what needs the real pandas.
    """
    if "pandas" in sys.modules or current_thread() is not main_thread():
        yield
        return
    pandas, api, types = _Late("pandas"), _Late("pandas.api"), _LateTypes("pandas.api.types")
    pandas.__version__ = importlib.metadata.version("pandas")
    pandas.__path__ = api.__path__ = []
    pandas.api, api.types = api, types
    sys.modules.update(zip(_NAMES, (pandas, api, types), strict=True))
    try:
        yield
    finally:
        for name in _NAMES:
            if isinstance(sys.modules.get(name), _Late):
                del sys.modules[name]
