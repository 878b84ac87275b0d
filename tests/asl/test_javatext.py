"""Java's texts and random numbers."""

from __future__ import annotations

from typing import Any

import pytest

from penstock.asl.javatext import JavaRandom, to_string


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"), (True, "true"), (1, "1"), (1.0, "1.0"), (0.001, "0.001"), (0.0001, "1.0E-4"), (1e7, "1.0E7"),
        (123456789.5, "1.234567895E8"), (9999999.0, "9999999.0"), (-1.5e300, "-1.5E300"), (-0.0, "-0.0"), (1e21, "1.0E21"),
        ({}, "{}"), ([], "[]"), ({"a": [1, {"b": None}], "c": "x"}, "{a=[1, {b=null}], c=x}"),
    ],
)  # fmt: skip
def test_to_string(value: Any, text: str) -> None:
    assert to_string(value) == text


@pytest.mark.parametrize(
    ("seed", "first"),
    [(42, 0.7275636800328681), (0, 0.730967787376657), (7, 0.7306990420600421)],  # measured, floci#2662
)
def test_java_random(seed: int, first: float) -> None:
    assert JavaRandom(seed).next_double() == first


def test_java_random_below() -> None:
    generator = JavaRandom(42)
    assert [generator.next_below(10) for _ in range(5)] == [0, 3, 8, 4, 0]  # new java.util.Random(42).nextInt(10)
    assert all(0 <= JavaRandom(s).next_below(2**40) < 2**40 for s in range(50))


def test_deep_values_do_not_recurse() -> None:
    value: Any = 1
    for _ in range(10_000):
        value = [value]
    assert to_string(value) == "[" * 10_000 + "1" + "]" * 10_000
