"""Function signatures, `<s-nn?:s>`: what arguments a function takes, checked and filled in before the call."""

from __future__ import annotations

import re
from typing import Any, Final

from penstock.asl.jsonata.faults import JsonataFault
from penstock.asl.jsonata.values import UNDEFINED, Function, Sequence

_SYMBOLS: Final = {str: "s", bool: "b", int: "n", float: "n", type(None): "l", list: "a", dict: "o", Sequence: "a"}

_NAMES: Final = {"a": "arrays", "b": "booleans", "f": "functions", "n": "numbers", "o": "objects", "s": "strings"}


def symbol(value: Any) -> str:
    """The letter of a value's type; `m` for a missing one."""
    known = _SYMBOLS.get(type(value))
    if known is not None:
        return known
    if value is UNDEFINED:
        return "m"
    if isinstance(value, str):
        return "s"
    if isinstance(value, bool):
        return "b"
    if isinstance(value, (int, float)):
        return "n"
    if value is None:
        return "l"
    if isinstance(value, list):
        return "a"
    if isinstance(value, Function):
        return "f"
    return "o"


class _Parameter:
    __slots__ = ("context", "kind", "regex", "subtype")

    def __init__(self, kind: str, regex: str) -> None:
        self.kind = kind
        self.regex = regex
        self.context: re.Pattern[str] | None = None
        self.subtype: str | None = None


class Signature:
    """A parsed signature. Raises JsonataFault (S0401, S0402)."""

    def __init__(self, text: str) -> None:
        self.parameters = _parse(text)
        self._pattern = re.compile("".join(f"({p.regex})" for p in self.parameters))
        self._plain: set[str] = set()
        """Types of arguments that the function sees as they are."""

    def validate(self, arguments: list[Any], context: Any, name: str) -> list[Any]:
        """The arguments as the function is to see them. Raises JsonataFault (T0410, T0411, T0412)."""
        supplied = "".join(map(symbol, arguments))
        if supplied in self._plain:
            return arguments
        match = self._pattern.fullmatch(supplied)
        if match is None:
            raise self._mismatch(supplied, arguments, name)
        if len(supplied) == len(self.parameters) and all(
            len(letters) == 1 and parameter.kind != "a"
            for parameter, letters in zip(self.parameters, match.groups(), strict=True)
        ):
            self._plain.add(supplied)
            return arguments
        validated: list[Any] = []
        index = 0
        for parameter, letters in zip(self.parameters, match.groups(), strict=True):
            if letters == "":
                if parameter.context is not None:
                    if parameter.context.fullmatch(symbol(context)) is None:
                        raise JsonataFault("T0411", index=index + 1, token=name, value=context)
                    validated.append(context)
                else:
                    validated.append(arguments[index] if index < len(arguments) else UNDEFINED)
                    index += 1
                continue
            for letter in letters:
                argument = arguments[index] if index < len(arguments) else UNDEFINED
                if parameter.kind == "a":
                    argument = _array(parameter, letter, letters, argument, index, name)
                validated.append(argument)
                index += 1
        return validated

    def _mismatch(self, supplied: str, arguments: list[Any], name: str) -> JsonataFault:
        partial = ""
        good = 0
        for parameter in self.parameters:
            partial += parameter.regex
            match = re.match(partial, supplied)
            if match is None:
                break
            good = match.end()
        value = arguments[good] if good < len(arguments) else None
        return JsonataFault("T0410", index=good + 1, token=name, value=value)


def _array(parameter: _Parameter, letter: str, letters: str, argument: Any, index: int, name: str) -> Any:
    if letter == "m":
        return UNDEFINED
    fits = True
    subtype = parameter.subtype
    if subtype is not None:
        if letter != "a" and letters != subtype:
            fits = False
        elif letter == "a" and argument:
            first = symbol(argument[0])
            fits = first == subtype[0] and all(symbol(item) == first for item in argument)
    if not fits:
        raise JsonataFault("T0412", index=index + 1, token=name, type=_NAMES.get(subtype or "", ""), value=argument)
    return argument if letter == "a" else [argument]


def _parse(text: str) -> list[_Parameter]:
    parameters: list[_Parameter] = []
    position = 1
    while position < len(text):
        char = text[position]
        if char == ":":
            break
        previous = parameters[-1] if parameters else None
        if char in "snblo":
            parameters.append(_Parameter(char, f"[{char}m]"))
        elif char == "a":
            parameters.append(_Parameter("a", "[asnblfom]"))
        elif char == "f":
            parameters.append(_Parameter("f", "f"))
        elif char == "j":
            parameters.append(_Parameter("j", "[asnblom]"))
        elif char == "x":
            parameters.append(_Parameter("x", "[asnblfom]"))
        elif char == "-" and previous is not None:
            previous.context = re.compile(previous.regex)
            previous.regex += "?"
        elif char in "?+" and previous is not None:
            previous.regex += char
        elif char == "(":
            end = _closing(text, position, "(", ")")
            choice = text[position + 1 : end]
            if "<" in choice:
                raise JsonataFault("S0402", value=choice)
            parameters.append(_Parameter(f"({choice})", f"[{re.escape(choice)}m]"))
            position = end
        elif char == "<" and previous is not None:
            if previous.kind not in ("a", "f"):
                raise JsonataFault("S0401", value=previous.kind)
            end = _closing(text, position, "<", ">")
            previous.subtype = text[position + 1 : end] or None
            position = end
        position += 1
    return parameters


def _closing(text: str, start: int, opening: str, closing: str) -> int:
    depth = 0
    for position in range(start, len(text)):
        if text[position] == opening:
            depth += 1
        elif text[position] == closing:
            depth -= 1
            if depth == 0:
                return position
    return len(text)
