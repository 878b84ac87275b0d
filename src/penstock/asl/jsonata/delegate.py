"""What is left to jsonatapy (Rust): number pictures, dates and times, regular expressions in time linear in the text."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

from penstock.asl.jsonata.faults import TEMPLATES, InternalFault, JsonataFault
from penstock.asl.jsonata.values import UNDEFINED

_CODE: Final = re.compile(r"(?:Parse error: )?([A-Z]\d{4}): (.*)", re.DOTALL)

TIME_LIMIT: Final = 1_000
"""Milliseconds."""


@lru_cache(maxsize=1024)
def _compiled(text: str) -> Any:
    import jsonatapy

    return jsonatapy.compile(text)


def delegate(text: str, bindings: dict[str, Any], **details: Any) -> Any:
    """The value of an expression of our own, or UNDEFINED. Raises JsonataFault with the reference's sentence; `details`
    are the values that it shows."""
    try:
        value = _compiled(text).evaluate(None, bindings, timeout=TIME_LIMIT)
    except (ValueError, OverflowError, TypeError) as error:
        raise _fault(str(error), details) from None
    except BaseException as error:
        # A panic in Rust (seen: a picture with a letter beyond ASCII) comes as a BaseException that no module exports.
        if type(error).__name__ != "PanicException":
            raise
        raise InternalFault(str(error)) from None
    return UNDEFINED if value is None else value


def _fault(text: str, details: dict[str, Any]) -> Exception:
    match = _CODE.fullmatch(text)
    if match is None:
        return InternalFault(text)
    code, message = match.groups()
    template = TEMPLATES.get(code)
    if template is None:
        return JsonataFault(code, message)
    if code in ("D3132", "D3133"):  # here jsonatapy gives the value alone
        details = {"value": message}
    if all(name in details for name in re.findall(r"\{(\w+)\}", template)):
        return JsonataFault(code, **details)
    return JsonataFault(code, message)
