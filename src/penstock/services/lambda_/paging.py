"""Pages: MaxItems and Marker. A marker is the name after which the next page begins."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from typing import Any

from penstock.errors import ServiceError
from penstock.services.lambda_.state import INVALID, Answer, Parameters

DEFAULT = 50


def page(key: str, entries: Iterable[tuple[str, Any]], given: Parameters) -> Answer:
    """`{key: [...], "NextMarker": ...}` of entries that come with, and in the order of, a name.

    Raises ServiceError InvalidParameterValueException for a marker that no answer has given.
    """
    after = _after(given.get("Marker"))
    left = [(name, entry) for name, entry in entries if after is None or name > after]
    most = min(int(given.get("MaxItems") or DEFAULT), DEFAULT)
    answer: Answer = {key: [entry for _, entry in left[:most]]}
    if len(left) > most:
        answer["NextMarker"] = base64.urlsafe_b64encode(left[most - 1][0].encode()).decode("ascii")
    return answer


def _after(marker: str | None) -> str | None:
    if not marker:
        return None
    try:
        return base64.b64decode(marker.encode("ascii"), altchars=b"-_", validate=True).decode()
    except (ValueError, binascii.Error):
        raise ServiceError("Invalid Marker", code=INVALID) from None
