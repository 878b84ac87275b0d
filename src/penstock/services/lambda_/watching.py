"""Noticing that the code in a folder has changed."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Final

from penstock.clock import Clock

MOST: Final = 5000
"""Ours: files that are looked at; of a larger folder the first ones in the order of their names."""
QUICK: Final = 0.001
"""Ours: a folder that takes fewer seconds to look at is looked at before each call: whoever changes a file and calls at once
means the new code."""
SHARE: Final = 20
"""Ours: one that takes longer is looked at for at most this fraction of the time (1/20), however many calls there are."""

_SKIPPED: Final = frozenset({"__pycache__", "node_modules", "site-packages", "cdk.out"})


class Folder:
    """A folder of code. `fingerprint` differs when a file in it has come, gone or changed (name, time, size).

    Hidden folders, virtual environments and `node_modules` do not count.
    """

    def __init__(self, root: Path, clock: Clock) -> None:
        self._root = root
        self._clock = clock
        self._next = 0.0
        self._seen = b""

    def fingerprint(self) -> bytes:
        now = self._clock.monotonic()
        if now >= self._next:
            self._seen = fingerprint(self._root)
            took = self._clock.monotonic() - now
            self._next = now if took < QUICK else now + took + took * SHARE
        return self._seen


def fingerprint(root: Path) -> bytes:
    """Of the folder as it is now."""
    digest = hashlib.sha256()
    left = MOST
    stack = [str(root)]
    while stack and left:
        folder = stack.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            continue
        if folder != str(root) and any(entry.name == "pyvenv.cfg" for entry in entries):
            continue
        for entry in entries:
            if entry.name.startswith(".") or entry.name in _SKIPPED:
                continue
            try:
                if entry.is_dir(follow_symlinks=False):
                    stack.append(entry.path)
                    continue
                status = entry.stat()
            except OSError:
                continue
            digest.update(f"{entry.path}\0{status.st_mtime_ns}\0{status.st_size}\0".encode(errors="surrogateescape"))
            left -= 1
            if not left:
                break
    return digest.digest()
