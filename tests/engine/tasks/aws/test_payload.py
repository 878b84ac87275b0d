"""JSON to botocore's parameters and back, over botocore's own models."""

from __future__ import annotations

import base64
import io
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.asl.aws_names import member_name
from penstock.engine.tasks.aws import payload, validation

model = pytest.importorskip("botocore.model")


def shape(name: str, **shapes: dict[str, Any]) -> Any:
    return model.ShapeResolver(shapes).get_shape_by_name(name)


THING = {
    "Thing": {
        "type": "structure",
        "required": ["Name"],
        "members": {
            "Name": {"shape": "Text"},
            "dbCount": {"shape": "Count"},
            "KMSKey": {"shape": "Text"},
            "Blob": {"shape": "Bytes"},
            "When": {"shape": "When"},
            "Ratio": {"shape": "Ratio"},
            "On": {"shape": "On"},
            "Parts": {"shape": "Things"},
            "ByName": {"shape": "ByName"},
        },
    },
    "Text": {"type": "string", "min": 1},
    "Count": {"type": "integer", "min": 1},
    "Bytes": {"type": "blob"},
    "When": {"type": "timestamp"},
    "Ratio": {"type": "double"},
    "On": {"type": "boolean"},
    "Things": {"type": "list", "member": {"shape": "Thing"}},
    "ByName": {"type": "map", "key": {"shape": "Text"}, "value": {"shape": "Thing"}},
}


@pytest.fixture
def thing() -> Any:
    return shape("Thing", **THING)


def test_members_go_by_any_of_their_spellings(thing: Any) -> None:
    for key in ("KMSKey", "KmsKey"):
        assert payload.to_request({key: "x"}, thing) == {"KMSKey": "x"}
    for key in ("dbCount", "DbCount"):
        assert payload.to_request({key: 3}, thing) == {"dbCount": 3}


def test_texts_and_blobs_take_any_value_as_its_json_text(thing: Any) -> None:
    given_ = {"Name": {"a": [1, "ä"]}, "Blob": "text data"}
    assert payload.to_request(given_, thing) == {"Name": '{"a":[1,"ä"]}', "Blob": b'"text data"'}


def test_nested(thing: Any) -> None:
    given_ = {"Parts": [{"KmsKey": "x"}], "ByName": {"as it is": {"DbCount": 2.0}}}
    assert payload.to_request(given_, thing) == {"Parts": [{"KMSKey": "x"}], "ByName": {"as it is": {"dbCount": 2}}}


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({"Nope": 1}, 'The field "Nope" is not supported by Step Functions'),
        ({"DbCount": "3"}, 'The value for the field "DbCount" must be an INTEGER'),
        ({"DbCount": True}, 'The value for the field "DbCount" must be an INTEGER'),
        ({"DbCount": 2.5}, 'The value for the field "DbCount" must be an INTEGER'),
        ({"Ratio": "x"}, 'The value for the field "Ratio" must be a NUMBER'),
        ({"On": "true"}, 'The value for the field "On" must be a BOOLEAN'),
        ({"Parts": {}}, 'The value for the field "Parts" must be an ARRAY'),
        ({"Parts": [1]}, 'The value for the field "Parts" must be an OBJECT'),
        ({"ByName": []}, 'The value for the field "ByName" must be an OBJECT'),
        ({"When": "yesterday"}, 'The value for the field "When" must be a valid timestamp'),
        ({"When": 1e300}, 'The value for the field "When" must be a valid timestamp'),
    ],
)
def test_what_does_not_fit(thing: Any, value: Any, problem: str) -> None:
    with pytest.raises(payload.Unfit) as caught:
        payload.to_request(value, thing)
    assert caught.value.problem == problem


def test_results_are_in_alphabetical_order_and_streams_last(thing: Any) -> None:
    parsed = {
        "When": datetime(2024, 3, 6, 10, 29, 14, 123_000, UTC),
        "Blob": io.BytesIO(b"streamed"),
        "KMSKey": "x",
        "ResponseMetadata": {"RequestId": "r"},
        "dbCount": 3,
    }
    result = payload.members_to_result(parsed, thing, name=member_name, instant=payload.iso_instant)
    expected = {"KmsKey": "x", "When": "2024-03-06T10:29:14.123Z", "DbCount": 3, "Blob": "streamed"}
    assert list(result.items()) == list(expected.items())


def test_bytes_that_are_no_text_go_in_base64(thing: Any) -> None:
    result = payload.members_to_result({"Blob": b"\xff\x00"}, thing, name=member_name, instant=payload.iso_instant)
    assert result == {"Blob": base64.b64encode(b"\xff\x00").decode()}


def test_instants() -> None:
    zone = timezone(timedelta(hours=2))
    assert payload.iso_instant(datetime(2024, 3, 6, 12, 0, 0, tzinfo=zone)) == "2024-03-06T10:00:00Z"
    assert payload.iso_instant(datetime(2024, 3, 6, 12, 0, 0, 1, tzinfo=UTC)) == "2024-03-06T12:00:00.000001Z"
    assert payload.epoch_milliseconds(datetime(2024, 3, 6, 12, 0, 0, 5_000, tzinfo=UTC)) == 1709726400005


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
fields = st.sampled_from(["Name", "DbCount", "KmsKey", "Blob", "When", "Ratio", "On", "Parts", "ByName"])


@given(st.dictionaries(fields, json_values, max_size=5))
def test_any_arguments_fit_or_are_refused(value: dict[str, Any]) -> None:
    thing = shape("Thing", **THING)
    try:
        request = payload.to_request(value, thing)
    except payload.Unfit:
        return
    fault = validation.refuse(request, thing)
    assert fault is None or "validation error" in fault.message
    assert None not in validation.without_nulls(request).values()


def test_what_botocore_would_not_send_gets_the_services_words(thing: Any) -> None:
    fault = validation.refuse({"Name": None, "dbCount": 0, "Parts": [{"Name": ""}]}, thing)
    assert fault is not None
    assert fault.message == (
        "3 validation errors detected: Value null at 'name' failed to satisfy constraint: Member must not be null; "
        "Value '0' at 'dbCount' failed to satisfy constraint: Member must have value greater than or equal to 1; "
        "Value '' at 'parts.1.member.name' failed to satisfy constraint: "
        "Member must have length greater than or equal to 1"
    )
