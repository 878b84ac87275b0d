"""Variables for states: readable, unique, no word of Python's or of the program's own."""

from __future__ import annotations

import builtins
import keyword
import re
import unicodedata
from collections.abc import Iterable

_OWN = {"sf", "tasks", "machine", "JsonPath", "Condition"}
_TAKEN = {*keyword.kwlist, *keyword.softkwlist, *dir(builtins), *_OWN}


def variables(names: Iterable[str]) -> dict[str, str]:
    """A variable for each name: `[Lambda] Hello world!` → `lambda_hello_world`."""
    found: dict[str, str] = {}
    used: set[str] = set()
    for name in names:
        plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
        spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", plain)
        word = re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")[:50].strip("_") or "state"
        if word[0].isdigit() or word in _TAKEN:
            word = f"state_{word}"
        unique, number = word, 2
        while unique in used:
            unique, number = f"{word}_{number}", number + 1
        used.add(unique)
        found[name] = unique
    return found
