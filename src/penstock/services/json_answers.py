"""Answers as the JSON protocols of AWS write them: instants are seconds since the epoch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson


def answer_text(answer: Mapping[str, Any]) -> bytes:
    """The text of an answer that boto3 would give as `answer`."""
    try:
        return orjson.dumps(answer, default=seconds, option=orjson.OPT_PASSTHROUGH_DATETIME)
    except TypeError:  # a lone surrogate, an integer of more than 64 bits
        return json.dumps(answer, default=seconds, separators=(",", ":")).encode("ascii")


def seconds(value: Any) -> float:
    """What an instant is in JSON; the `default` of whoever writes it."""
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(f"{type(value).__name__} is nothing that JSON has")
