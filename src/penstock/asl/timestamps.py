"""RFC 3339 timestamps as the States Language takes them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

# Bounded and without nested repetition: linear on any text.
_FORM: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))", re.ASCII
)

SECOND: Final = 1_000_000_000

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def parse_timestamp(text: str) -> int | None:
    """Nanoseconds since the epoch; None for what is no timestamp.

    The States Language's profile of RFC 3339: an uppercase `T`, and an uppercase `Z` or a numeric offset (spec,
    "Timestamps"). A date or time of day that does not exist is no timestamp.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, sign, offset_hours, offset_minutes = match.groups()
    zone = UTC
    if sign is not None:
        if int(offset_hours) > 18 or int(offset_minutes) > 59:  # java.time.ZoneOffset ends at ±18:00
            return None
        offset = timedelta(hours=int(offset_hours), minutes=int(offset_minutes))
        if offset > timedelta(hours=18):
            return None
        zone = timezone(-offset if sign == "-" else offset)
    try:
        moment = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), tzinfo=zone)
    except ValueError:
        return None
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * SECOND + int((fraction or "").ljust(9, "0"))


def to_seconds(text: str) -> float | None:
    """Seconds since the epoch, as Clock counts them; None for what is no timestamp."""
    instant = parse_timestamp(text)
    return None if instant is None else instant / SECOND
