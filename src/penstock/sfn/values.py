"""Values that a state's fields take: references into the data, payloads, and how both become JSON.

A reference is a str, a number, a list or a dict for the type checker, so that it fits wherever such a value is asked for;
rendered, it becomes `"Args.$": "$.args"`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, Final, NoReturn, TypeAlias

from penstock.jsontools import Json
from penstock.sfn.problems import Wrong

JSONPATH: Final = "JSONPath"
JSONATA: Final = "JSONata"


class TextReference(str):
    """A text that is known only when the machine runs: the value is the path, the intrinsic call or the expression."""

    __slots__ = ("language",)
    language: str

    def __new__(cls, text: str, language: str = JSONPATH) -> TextReference:
        made = str.__new__(cls, text)
        made.language = language
        return made

    @property
    def text(self) -> str:
        return str.__str__(self)

    def __repr__(self) -> str:
        return f"<{self.language} {self.text}>"

    # Glued into another text, the path would be taken for text.
    def __format__(self, spec: str) -> NoReturn:
        raise glued(self.text)

    def __add__(self, other: object) -> NoReturn:
        raise glued(self.text)

    def __radd__(self, other: object) -> NoReturn:
        raise glued(self.text)


class NumberReference(int):
    """A number that is known only when the machine runs."""

    text: str
    language: str

    def __new__(cls, text: str, language: str = JSONPATH) -> NumberReference:
        made = int.__new__(cls, 0)
        made.text, made.language = text, language
        return made

    def __repr__(self) -> str:
        return f"<{self.language} {self.text}>"

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:
        return self is not other

    def __hash__(self) -> int:
        return hash(self.text)

    def _refuse(self, *_: object) -> NoReturn:
        raise _unknown(self.text, "number", "JsonPath.math_add adds, JSONata does the rest")

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _refuse
    __floordiv__ = __mod__ = __neg__ = __lt__ = __le__ = __gt__ = __ge__ = __bool__ = __format__ = _refuse


class ListReference(list[Any]):
    """A list that is known only when the machine runs."""

    def __init__(self, text: str, language: str = JSONPATH) -> None:
        super().__init__()
        self.text, self.language = text, language

    def __repr__(self) -> str:
        return f"<{self.language} {self.text}>"

    def _refuse(self, *_: object) -> NoReturn:
        raise _unknown(self.text, "list", "a Map state works on each of its items")

    __iter__ = __len__ = __getitem__ = __contains__ = __add__ = _refuse

    def __bool__(self) -> bool:
        return True


class ObjectReference(dict[str, Any]):
    """An object that is known only when the machine runs."""

    def __init__(self, text: str, language: str = JSONPATH) -> None:
        super().__init__()
        self.text, self.language = text, language

    def __repr__(self) -> str:
        return f"<{self.language} {self.text}>"

    def _refuse(self, *_: object) -> NoReturn:
        raise _unknown(self.text, "object", "put a path behind it: JsonPath.string_at('$.object.key')")

    __iter__ = __len__ = __getitem__ = __contains__ = _refuse

    def __bool__(self) -> bool:
        return True


Reference: TypeAlias = TextReference | NumberReference | ListReference | ObjectReference
REFERENCES: Final = (TextReference, NumberReference, ListReference, ObjectReference)


def glued(text: str) -> Exception:
    return _told(
        "PS723",
        f"`{text}` is glued into a text, so its value would never get there",
        help_=f"let the machine put it in: JsonPath.format('… {{}}', JsonPath.string_at('{text}'))",
    )


def _unknown(text: str, kind: str, instead: str) -> Exception:
    return _told("PS723", f"the {kind} at `{text}` is known only when the machine runs, not here", help_=instead)


def _told(code: str, message: str, *, help_: str) -> Exception:
    # Here the user's own line is still on the stack, and there is no state that could report it.
    from penstock.sfn.origin import here
    from penstock.sfn.problems import problem, refuse

    return refuse([problem(code, here(), message, help=help_)])


def told(wrong: Wrong) -> Exception:
    """What was found outside a state, as the exception for the user's line."""
    return _told(wrong.code, wrong.message, help_=wrong.help or "")


class Discard(str):
    """null: the result is thrown away (ResultPath), or there is no input or output at all."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "DISCARD"


DISCARD: Final = Discard("DISCARD")


def path_text(value: object, what: str) -> str:
    """A path as text. Raises Wrong for anything that does not begin with `$`."""
    if isinstance(value, str) and (value[:1] == "$" or value[:7] == "States."):
        return value.text if isinstance(value, TextReference) else value
    if isinstance(value, (NumberReference, ListReference, ObjectReference)):
        return value.text
    raise Wrong(
        "PS720", f"`{what}` is {shown(value)}, which is no path", help="a path begins with $, such as '$.order.id'"
    )


def nullable_path(value: object, what: str) -> str | None:
    return None if isinstance(value, Discard) else path_text(value, what)


def expression(value: object) -> str:
    """A JSONata expression with its `{% … %}`. Raises Wrong for what is no text."""
    if isinstance(value, (TextReference, NumberReference, ListReference, ObjectReference)):
        return value.text
    if not isinstance(value, str):
        raise Wrong("PS720", f"{shown(value)} is no JSONata expression", help="write '{% $states.input.x %}'")
    return value if is_expression(value) else f"{{% {value} %}}"


def is_expression(value: object) -> bool:
    return isinstance(value, str) and value.startswith("{%") and value.endswith("%}")


def shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


# -- payloads --------------------------------------------------------------------------------------------------------------


class Struct:
    """An object of a service's API as a dataclass: fields in snake case, written in the API's capitals.

    A field whose API name is not simply its own in capitals says so: `field(metadata={"api": "CoreInstanceEBS"})`.
    """

    __slots__ = ()


def render(value: Any, language: str) -> Json:
    """A payload as JSON. Raises Wrong for what JSON cannot hold and for references of the other query language."""
    return _plain(value, language)


def compact(**entries: Any) -> dict[str, Any]:
    """The entries that are not None: an argument left out is a field left out."""
    return {key: value for key, value in entries.items() if value is not None}


def _plain(value: Any, language: str) -> Json:
    kind = type(value)
    if kind is str:
        if language == JSONPATH and is_expression(value):
            raise Wrong(
                "PS725",
                f"{shown(value)} is JSONata, and the state is JSONPath: it would be passed on as text",
                help="write JsonPath.string_at('$.x'), or give the state query_language=QueryLanguage.JSONATA",
            )
        return value  # type: ignore[no-any-return]
    if kind is int or kind is bool or value is None:
        return value  # type: ignore[no-any-return]
    if kind is float:
        if value != value or value in (float("inf"), float("-inf")):
            raise Wrong("PS720", f"{value!r} is no JSON number", help="give a finite number")
        return value  # type: ignore[no-any-return]
    if kind is dict:
        return _object(value, language)
    if isinstance(value, REFERENCES):
        return _reference(value, language)
    return _other(value, language)


def _other(value: Any, language: str) -> Json:
    if isinstance(value, Struct) and is_dataclass(value):
        return _object(struct_entries(value), language)
    if isinstance(value, Mapping):
        return _object(value, language)
    if isinstance(value, Discard):
        return None
    if isinstance(value, Enum):
        return _plain(value.value, language)
    if isinstance(value, (str, int, float)):
        return value
    if isinstance(value, (list, tuple)) or (isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray))):
        return _list(value, language)
    held = getattr(value, "_payload", None)  # TaskInput, Result, a resource
    if held is not None:
        return _plain(held(), language)
    if hasattr(value, "to_seconds"):
        from penstock.sfn.durations import whole_seconds

        return whole_seconds(value, "value")
    if hasattr(value, "total_seconds"):
        from penstock.sfn.durations import whole_seconds

        return whole_seconds(value, "value")
    raise Wrong("PS720", f"{shown(value)} is no JSON value", help="give text, a number, a list or a dict")


def _object(value: Mapping[Any, Any], language: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, inner in value.items():
        if type(key) is not str:
            raise Wrong("PS720", f"the key {shown(key)} is no text", help="the keys of a JSON object are texts")
        if isinstance(inner, REFERENCES):
            text = _reference(inner, language)
            found[_dotted(key) if language == JSONPATH else key] = text
        elif language == JSONPATH and isinstance(inner, (list, tuple)) and _holds_reference(inner):
            found[_dotted(key)] = _array(inner)
        else:
            held = getattr(inner, "_payload", None)
            if held is not None and isinstance(held(), REFERENCES):
                found[_dotted(key) if language == JSONPATH else key] = _reference(held(), language)
            else:
                found[key] = _plain(inner, language)
    return found


def _list(value: Sequence[Any], language: str) -> list[Any]:
    if language == JSONPATH and any(isinstance(each, REFERENCES) for each in value):
        raise Wrong(
            "PS724",
            f"the reference {next(each for each in value if isinstance(each, REFERENCES)).text} stands in a list that has no key",
            help="give the list a key, or make the whole of it in one expression: JsonPath.array(…)",
        )
    return [_plain(each, language) for each in value]


def _dotted(key: str) -> str:
    return key if key.endswith(".$") else f"{key}.$"


def _holds_reference(values: Sequence[Any]) -> bool:
    if isinstance(values, ListReference):
        return False
    return any(isinstance(each, REFERENCES) for each in values)


def _reference(value: Reference, language: str) -> str:
    if value.language != language:
        other = "JSONata's '{% $states.input.x %}'" if language == JSONATA else "JsonPath.string_at('$.x')"
        raise Wrong(
            "PS725",
            f"{value.text} is {value.language}, and the state is {language}",
            help=f"write {other}, or give the state query_language=QueryLanguage.{'JSON_PATH' if value.language == JSONPATH else 'JSONATA'}",
        )
    return value.text


def _array(values: Sequence[Any]) -> str:
    """A list with references in it, as the intrinsic function that makes it: the list alone could not hold a path."""
    return f"States.Array({', '.join(argument(each) for each in values)})"


def argument(value: Any) -> str:
    """A value as an argument of an intrinsic function. Raises Wrong for objects, which have no literal there."""
    if isinstance(value, REFERENCES):
        if value.language != JSONPATH:
            raise Wrong("PS725", f"{value.text} is JSONata, and intrinsic functions are JSONPath's")
        return value.text
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if value is None:
        return "null"
    if isinstance(value, (list, tuple)):
        return _array(value)
    raise Wrong(
        "PS724",
        f"{shown(value)} cannot stand beside a reference in one list",
        help="make the list in the task before, or let the state be JSONata, where lists take expressions",
    )


def quoted(text: str, *, template: bool = False) -> str:
    """A text literal of an intrinsic function. In a `template` (States.Format's first argument) a backslash before a brace
    is the user's own escape and stays."""
    parts: list[str] = []
    for index, char in enumerate(text):
        if char == "'":
            parts.append("\\'")
        elif char == "\\" and not (template and text[index + 1 : index + 2] in ("{", "}")):
            parts.append("\\\\")
        else:
            parts.append(char)
    return f"'{''.join(parts)}'"


def struct_entries(value: Any) -> dict[str, Any]:
    """The fields of a Struct that are given, by the API's names."""
    entries = {}
    for each in fields(value):
        found = getattr(value, each.name)
        if found is not None:
            make = each.metadata.get("make")
            entries[each.metadata.get("api") or pascal(each.name)] = found if make is None else make(found)
    return entries


def pascal(name: str) -> str:
    return "".join(word[:1].upper() + word[1:] for word in name.split("_"))


def texts_in(value: Any) -> Iterator[str]:
    """Every text in a rendered payload."""
    stack = [value]
    while stack:
        each = stack.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, dict):
            stack.extend(each.values())
        elif isinstance(each, list):
            stack.extend(each)
