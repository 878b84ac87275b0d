"""Changing a definition, an input or a text a little, at random but repeatably."""

from __future__ import annotations

import copy
from random import Random
from typing import Any

from tests.fuzz import seeds

FIELDS = [
    *["Type", "Next", "End", "Comment", "StartAt", "States", "QueryLanguage", "InputPath", "OutputPath", "ResultPath"],
    *[
        "Parameters",
        "ResultSelector",
        "Result",
        "Retry",
        "Catch",
        "Assign",
        "Output",
        "Arguments",
        "Condition",
        "Default",
    ],
    *[
        "TimeoutSeconds",
        "TimeoutSecondsPath",
        "HeartbeatSeconds",
        "Seconds",
        "SecondsPath",
        "Timestamp",
        "TimestampPath",
    ],
    *["Error", "ErrorPath", "Cause", "CausePath", "ItemsPath", "Items", "ItemSelector", "ItemProcessor", "Iterator"],
    *["MaxConcurrency", "MaxConcurrencyPath", "Label", "ItemReader", "ItemBatcher", "ResultWriter", "Branches", "Not"],
    *["ToleratedFailureCount", "ToleratedFailureCountPath", "ToleratedFailurePercentage", "Credentials", "Variable"],
    *[
        "And",
        "Or",
        "IsPresent",
        "StringMatches",
        "NumericEqualsPath",
        "TimestampEquals",
        "ProcessorConfig",
        "ErrorEquals",
    ],
    *["BackoffRate", "MaxAttempts", "IntervalSeconds", "MaxDelaySeconds", "JitterStrategy", "ReaderConfig", "MaxItems"],
]


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) in a value."""
    found: list[tuple[Any, Any]] = []
    pending = [value]
    while pending:
        at = pending.pop()
        keys: Any = list(at) if isinstance(at, dict) else range(len(at)) if isinstance(at, list) else ()
        for key in keys:
            found.append((at, key))
            pending.append(at[key])
    return found


def text_of(random: Random) -> str:
    """A path, a call or an expression that may or may not be one."""
    kind = random.randrange(4)
    if kind == 0:
        return spoilt(random, random.choice(seeds.PATHS))
    if kind == 1:
        return spoilt(random, random.choice(seeds.CALLS))
    return "{% " + spoilt(random, random.choice(seeds.expressions())) + " %}"


def spoilt(random: Random, text: str) -> str:
    """The text, mostly as it is."""
    if not text or random.random() < 0.7:
        return text
    at = random.randrange(len(text))
    piece = random.choice([*"$.[]{}()'\"\\/*?@:,%-+0 9e\n", "\x00", "é", "..", "[*]", "States.", "function($x){", "$x"])
    return random.choice([text[:at] + piece + text[at:], text[:at] + text[at + 1 :], text[:at], text + text[at:]])


def value_of(random: Random, value: Any) -> Any:
    """Something to put where `value` stands."""
    if isinstance(value, str) and random.random() < 0.4:
        return spoilt(random, value)
    if random.random() < 0.5:
        return text_of(random)
    return copy.deepcopy(random.choice(seeds.VALUES))


def mutate(random: Random, document: Any) -> Any:
    """A copy of the document with one to four changes."""
    document = copy.deepcopy(document)
    for _ in range(random.choice([1, 1, 1, 2, 2, 3, 4])):
        found = places(document)
        if not found:
            break
        at, key = random.choice(found)
        kind = random.randrange(8)
        if kind <= 2:
            at[key] = value_of(random, at[key])
        elif kind == 3:
            del at[key]
        elif kind == 4:
            other, name = random.choice(found)
            at[key] = copy.deepcopy(other[name])
        elif kind == 5 and isinstance(at, dict):
            at[random.choice(FIELDS)] = at.pop(key)
        elif kind == 6 and isinstance(at, dict):
            at[random.choice(FIELDS)] = value_of(random, None)
        elif kind == 7 and isinstance(at, dict) and isinstance(key, str):
            name = key.removesuffix(".$") if key.endswith(".$") else f"{key}.$"
            at[name] = text_of(random) if name.endswith(".$") else at[key]
        elif isinstance(at, list):
            at.append(copy.deepcopy(at[key]))
    return document


def exchange(random: Random, document: Any) -> Any:
    """A copy in which one to five paths, calls, expressions or numbers are others of their kind: most stay accepted."""
    document = copy.deepcopy(document)
    found = [(at, key) for at, key in places(document) if _kind_of(key, at[key]) is not None]
    for at, key in random.sample(found, min(len(found), random.choice([1, 1, 2, 3, 5]))):
        match _kind_of(key, at[key]):
            case "path":
                at[key] = random.choice(seeds.PATHS[:-6])
            case "template":
                at[key] = random.choice(seeds.PATHS[:-6] + seeds.CALLS)
            case "expression":
                at[key] = "{% " + random.choice(seeds.expressions()) + " %}"
            case "literal":
                at[key] = "{% " + random.choice(seeds.EXPRESSIONS) + " %}"
            case "number":
                at[key] = random.choice([0, 1, 2, 40, 41, 99999999, 10**18])
    return document


def request(random: Random, arguments: Any) -> Any:
    """A copy of keyword arguments with one changed, their names kept."""
    arguments = copy.deepcopy(arguments)
    name = random.choice([*arguments, "definition"])
    change = random.choice([mutate, exchange])
    if isinstance(arguments[name], dict | list):
        arguments[name] = change(random, arguments[name])
    else:
        arguments[name] = value_of(random, arguments[name])
    return arguments


def _kind_of(key: Any, value: Any) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return "number"
    if not isinstance(value, str):
        return None
    if value.startswith("{%"):
        return "expression"
    if isinstance(key, str) and key.endswith(".$"):
        return "template"
    if value.startswith("$"):
        return "path"
    return "literal" if isinstance(key, int) else None


def garble(random: Random, text: bytes) -> bytes:
    """The bytes with one to three changes."""
    changed = bytearray(text)
    for _ in range(random.randint(1, 3)):
        at = random.randrange(len(changed) + 1)
        kind = random.randrange(4)
        if kind == 0:
            changed[at:at] = random.choice(
                [b"{", b"[", b'"', b",", b"\\", b"\x00", b"\xff", b"1e999", b"//", b"[" * 2000]
            )
        elif kind == 1:
            del changed[at : at + random.randint(1, 9)]
        elif kind == 2:
            changed[at : at + 1] = bytes([random.randrange(256)])
        else:
            del changed[at:]
    return bytes(changed)
