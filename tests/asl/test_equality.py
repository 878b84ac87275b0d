"""Deep equality of JSON values."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.asl.equality import equal

JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        (1, 1.0, True), (1, True, False), (0, False, False), (None, None, True), (None, 0, False), ("1", 1, False),
        ({"a": 1, "b": [2]}, {"b": [2], "a": 1}, True), ({"a": 1}, {"b": 1}, False), ([1, 2], [2, 1], False), ([], {}, False),
        ([True], [1], False), ([[]], [[]], True), (float("nan"), float("nan"), False), ({"a": None}, {}, False),
    ],
)  # fmt: skip
def test_equal(a: Any, b: Any, same: bool) -> None:
    assert equal(a, b) is equal(b, a) is same


@given(JSON, JSON)
def test_without_booleans_it_is_python_equality(a: Any, b: Any) -> None:
    assert equal(a, b) is (a == b)


def test_depth_does_not_matter() -> None:
    a: Any = 1
    b: Any = 1
    for _ in range(20_000):
        a, b = [a], [b]
    assert equal(a, b)
