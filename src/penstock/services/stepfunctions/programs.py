"""Definitions compiled, those that were used last."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from penstock.engine.program import Program, compile_text

PROGRAMS: Final = 1024
"""Ours: how many are kept."""
QUICK: Final = 16 * 1024
"""Ours: characters of a definition that is compiled within moments (some milliseconds)."""


class Programs:
    """From any thread."""

    def __init__(self, most: int = PROGRAMS, compile: Callable[[str], Program] = compile_text) -> None:  # noqa: A002
        self._most = most
        self._compile = compile
        self._lock = threading.Lock()
        self._kept: dict[str, Program] = {}
        """The one that was used last at the end."""

    def __call__(self, definition: str) -> Program:
        """The program of a definition that was checked before."""
        with self._lock:
            found = self._kept.pop(definition, None)
            if found is not None:
                self._kept[definition] = found
                return found
        made = self._compile(definition)
        with self._lock:
            self._kept[definition] = made
            if len(self._kept) > self._most:
                del self._kept[next(iter(self._kept))]
        return made

    def quick(self, definition: str) -> bool:
        """Whether the program is to be had within moments."""
        return len(definition) <= QUICK or definition in self._kept
