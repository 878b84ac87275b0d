"""Requests that a client sends again, as SDKs do after an answer that never came or that said to try later.

In memory: after a crash, what was not written down has not happened, and the request is carried out like any other.
"""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from threading import Lock
from typing import Final

_TOKENS: Final = 10
_TOKEN_SECONDS: Final = 15 * 60.0
"""For how many client tokens, and how long, RedriveExecution answers the same again (API reference)."""

MOST_REFUSED: Final = 10_000
"""Ours: how many results that were refused are known; about 150 bytes each."""


class Redrives:
    """By their client tokens: when each was. For the loop's thread."""

    def __init__(self) -> None:
        self._dates: dict[str, OrderedDict[str, float]] = {}
        """ARN → token → when, oldest first; the ARNs as they were redriven last."""

    def note(self, arn: str, token: str, at: float) -> None:
        tokens = self._dates.pop(arn) if arn in self._dates else OrderedDict()
        tokens.pop(token, None)  # one that is not valid any more is the newest again
        tokens[token] = at
        if len(tokens) > _TOKENS:
            tokens.popitem(last=False)
        self._dates[arn] = tokens
        while at - next(reversed(self._dates[oldest := next(iter(self._dates))].values())) > _TOKEN_SECONDS:
            del self._dates[oldest]

    def date(self, arn: str, token: str, now: float) -> float | None:
        """Seconds since the epoch; None for a token that is not known or not valid any more."""
        tokens = self._dates.get(arn)
        at = None if tokens is None else tokens.get(token)
        return None if at is None or now - at > _TOKEN_SECONDS else at


class RefusedResults:
    """Results of tasks that could not be written down when they came. Their tokens are used up, and they count when they can
    be: whoever is told to send one again is told then that it has arrived. From any thread."""

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, None] = OrderedDict()
        self._lock = Lock()

    def note(self, token: str, *result: str | None) -> None:
        with self._lock:
            self._known[_digest(token, result)] = None
            if len(self._known) > MOST_REFUSED:
                self._known.popitem(last=False)

    def has(self, token: str, *result: str | None) -> bool:
        with self._lock:
            return bool(self._known) and _digest(token, result) in self._known


def _digest(token: str, result: tuple[str | None, ...]) -> bytes:
    # A success is one text, a failure two.
    return hashlib.sha256(json.dumps([token, *result]).encode()).digest()
