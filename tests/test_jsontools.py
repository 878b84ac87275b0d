"""Reading JSON strictly, writing it compactly, whatever it holds."""

import json
import subprocess
import sys
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock import jsontools
from penstock.errors import JsonError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_what_is_written_reads_back(value: jsontools.Json) -> None:
    assert jsontools.loads(jsontools.dumps(value)) == value


@pytest.mark.parametrize("value", [2**64, -(2**70), {"a": [10**30]}])
def test_integers_of_any_size_survive(value: jsontools.Json) -> None:
    assert jsontools.loads(jsontools.dumps(value)) == value


KEEPING = """
import resource
from penstock.jsontools import dumps
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
kept = [dumps({"n": n}) for n in range(50_000)]
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="ru_maxrss is in other units elsewhere")
def test_a_text_that_is_kept_takes_no_more_than_it_needs() -> None:
    done = subprocess.run([sys.executable, "-c", KEEPING], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 20_000  # KiB: 5,000 for these; 55,000 where each keeps orjson's buffer from others


def test_size_counts_utf8_bytes() -> None:
    assert jsontools.size({"k": "é€😀"}) == len('{"k":"é€😀"}'.encode())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not JSON"),
        ("{", "line 1 column 2"),
        ('{"a": 1, "a": 2}', "'a' stands twice"),
        ("[NaN]", "NaN is not a JSON number"),
        ("-Infinity", "-Infinity is not"),
        ("1 2", "not JSON"),
        (b"\xff\xfe", "not UTF-8 text (byte 0); encode it as UTF-8."),
        ("[" * 5_000 + "]" * 5_000, "nested deeper"),
        ("[" * 200_000, "nested deeper"),
        ("[" * 501 + "]" * 501, "nested deeper"),
        ("9" * 5_000, "a number of more than 4,300 digits; write it as a text."),
    ],
)
def test_what_is_not_json_is_one_sentence(text: str | bytes, says: str) -> None:
    with pytest.raises(JsonError) as caught:
        jsontools.loads(text, what="--input")
    assert str(caught.value).startswith("--input ")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_nesting_up_to_the_limit_is_read() -> None:
    text = "[" * 500 + "]" * 500
    assert jsontools.dumps(jsontools.loads(text)).decode() == text


def test_a_byte_order_mark_is_not_content() -> None:
    assert jsontools.loads(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


@given(VALUES)
def test_text_is_the_compact_form(value: jsontools.Json) -> None:
    assert json.loads(jsontools.dumps_text(value)) == value


@pytest.mark.parametrize("depth", [1, 253, 254, 255, 256, 500, 501, 900])
def test_depth_is_told_exactly_on_both_sides_of_what_orjson_takes(depth: int) -> None:
    value: list[object] = []
    for _ in range(depth - 1):
        value = [value]
    assert jsontools.depth_exceeds(value, 500) is (depth > 500)
    assert jsontools.depth_exceeds(value, 10) is (depth > 10)


PIECES = st.sampled_from(
    ['{"a": ', '{"a":', '"b":', '"b" : ', "1", "1.0", "-0", "1e5", "9" * 20, '"x, y"', '"\\u00e9"', '"é": ']
) | (st.sampled_from([", ", ",", " ", "}", "]", "[", "null", "true", "NaN", '"a"', '"\\ud800"', "\n", "\ufeff"]))


@given(
    st.lists(PIECES, max_size=8).map("".join)
    | st.builds(
        lambda value, compact: json.dumps(value, separators=(",", ":") if compact else None), VALUES, st.booleans()
    )
    | st.builds(lambda value: json.dumps(value, ensure_ascii=False), VALUES)
)
def test_the_quick_way_reads_what_the_strict_one_does(text: str) -> None:
    def read(reader: Callable[[str], jsontools.Json]) -> str:
        try:
            return repr(reader(text))
        except JsonError as error:
            return str(error)

    assert read(jsontools.loads) == read(lambda text: jsontools._loads_strictly(text, "The text"))
