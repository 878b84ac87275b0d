"""Definitions compiled, those that were used last."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from penstock.engine.program import Program, compile_text

PROGRAMS: Final = 1024
"""Ours: how many are kept."""
CHARACTERS: Final = 16 * 1024 * 1024
"""Ours: of how many characters of definitions together; a program was measured to take ten bytes for each."""
QUICK: Final = 16 * 1024
"""Ours: characters of a definition that is compiled within moments (some milliseconds)."""


class Programs:
    """From any thread."""

    def __init__(self, most: int = PROGRAMS, compile: Callable[[str], Program] = compile_text) -> None:  # noqa: A002
        self._most = most
        self._characters = 0
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
            if self._kept.pop(definition, None) is None:  # another thread may have been as slow
                self._characters += len(definition)
            self._kept[definition] = made
            while len(self._kept) > 1 and (len(self._kept) > self._most or self._characters > CHARACTERS):
                oldest = next(iter(self._kept))
                del self._kept[oldest]
                self._characters -= len(oldest)
        return made

    def quick(self, definition: str) -> bool:
        """Whether the program is to be had within moments."""
        return len(definition) <= QUICK or definition in self._kept
