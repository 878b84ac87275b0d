"""RFC 3339 as the States Language takes it."""

from __future__ import annotations

import pytest

from penstock.asl.timestamps import parse_timestamp, to_seconds


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:01.5Z", 1_500_000_000),
        ("1970-01-01T00:00:00.000000001Z", 1),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1969-12-31T23:00:00.25-01:00", 250_000_000),
        ("1969-12-31T23:59:59Z", -1_000_000_000),
        ("2016-03-14T01:59:00Z", 1_457_920_740_000_000_000),
    ],
)
def test_parses(text: str, nanoseconds: int) -> None:
    assert parse_timestamp(text) == nanoseconds
    assert to_seconds(text) == nanoseconds / 1e9


@pytest.mark.parametrize(
    "text",
    [
        "", "2016-03-14", "2016-03-14T01:59:00", "2016-03-14 01:59:00Z", "2016-03-14t01:59:00z", "2016-13-05T21:29:29Z",
        "2016-12-05T25:29:29Z", "2016-02-30T00:00:00Z", "05-12-2016T21:29:29Z", "2016-03-14T01:59:00Z ", "2016-03-14T01:59Z",
        "2016-03-14T01:59:00.Z", "2016-03-14T01:59:00+19:00", "2016-03-14T01:59:00+0100", "٢٠١٦-03-14T01:59:00Z",
    ],
)  # fmt: skip
def test_refuses(text: str) -> None:
    assert parse_timestamp(text) is None
    assert to_seconds(text) is None
