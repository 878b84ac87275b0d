"""Names of states and labels of Maps: how long they may be, what they may hold, and that each stands once."""

from __future__ import annotations

from penstock.asl.problems import Place, Problem
from penstock.asl.schema import MAX_LABEL, MAX_NAME
from penstock.asl.shape import Walk

_FORBIDDEN_IN_LABELS = frozenset(' <>{}[]?*"#%\\^|~`$&,;:/')


def judge(walk: Walk) -> list[Problem]:
    found: list[Problem] = []
    seen: set[str] = set()
    labels: set[str] = set()
    for scope in walk.scopes:
        for name, place, raw, kind in scope.states:
            if len(name) > MAX_NAME:
                words = f"Invalid State name: State exceeds the {MAX_NAME}-character limit allowed by the service"
                found.append(Problem("INVALID_STATE_NAME", words, place, focus="key"))
            elif not name:
                words = "Invalid State name: State name cannot be empty"
                found.append(Problem("INVALID_STATE_NAME", words, place, focus="key"))
            if name in seen:
                words = f"Duplicate State name: {name}"
                found.append(Problem("DUPLICATE_STATE_NAME", words, place, focus="key"))
            seen.add(name)
            if kind == "Map" and "Label" in raw:
                found += _label(raw["Label"], (place, "Label"), labels)
    return found


def _label(label: object, place: Place, labels: set[str]) -> list[Problem]:
    if not isinstance(label, str):
        return []  # the schema has said so
    found = []
    if not label:
        found.append(Problem("INVALID_LABEL_NAME", "Invalid Label name: Label cannot be empty", place))
    elif len(label) > MAX_LABEL:
        words = f"Invalid Label name: Label exceeds the {MAX_LABEL}-character limit allowed by the service"
        found.append(Problem("INVALID_LABEL_NAME", words, place))
    bad = next((char for char in label if char in _FORBIDDEN_IN_LABELS or _is_control(char)), None)
    if bad is not None and "${" not in label:
        found.append(
            Problem("INVALID_LABEL_NAME", f"Invalid Label name: Label contains invalid character {bad!r}", place)
        )
    if label in labels:
        found.append(Problem("DUPLICATE_LABEL_NAME", f"Duplicate Label name: {label}", place))
    labels.add(label)
    return found


def _is_control(char: str) -> bool:
    return char <= "\x1f" or "\x7f" <= char <= "\x9f"
