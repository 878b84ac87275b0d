"""A Map and a Parallel whose iterations are mocked: what they make of their data is theirs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.engine.teststate.test_states import answer

import penstock
from penstock.errors import ServiceError

EACH = {"StartAt": "Each", "States": {"Each": {"Type": "Pass", "End": True}}}
SPREAD = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **EACH}
ERROR = {"errorOutput": {"error": "Boom", "cause": "it broke"}}


def spread(**fields: Any) -> dict[str, Any]:
    return {"Type": "Map", "ItemProcessor": SPREAD, **({} if "Next" in fields else {"End": True}), **fields}


def test_an_inline_map_shows_its_items() -> None:
    state = {
        "Type": "Map",
        "ItemProcessor": EACH,
        "InputPath": "$.in",
        "ItemsPath": "$.list",
        "ItemSelector": {"i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value", "all.$": "$.k"},
        "ResultSelector": {"sum.$": "States.ArrayLength($)"},
        "ResultPath": "$.n",
        "End": True,
    }
    given = {"in": {"list": ["a", "b"], "k": 0}}
    data = answer(state, given, mock={"result": [1, 2]})["inspectionData"]
    assert data == {
        "input": given,
        "afterInputPath": given["in"],
        "afterItemsPath": ["a", "b"],
        "afterItemSelector": [{"i": 0, "v": "a", "all": 0}, {"i": 1, "v": "b", "all": 0}],
        "maxConcurrency": 0,
        "afterResultSelector": {"sum": 2},
        "afterResultPath": {**given, "n": {"sum": 2}},
    }


def test_what_cannot_be_spread_fails_as_in_an_execution() -> None:
    response = answer(spread(ItemsPath="$.x"), {"x": 1}, mock={"result": []})
    assert (response["status"], response["error"]) == ("FAILED", "States.Runtime")
    assert response["cause"] == 'Reference path "$.x" must point to array.'


@pytest.mark.parametrize(
    ("fields", "failed", "status"),
    [
        ({}, 3, "SUCCEEDED"),
        ({"ToleratedFailureCount": 1}, 1, "SUCCEEDED"),
        ({"ToleratedFailureCount": 1}, 2, "FAILED"),
        ({"ToleratedFailurePercentage": 50}, 2, "SUCCEEDED"),
        ({"ToleratedFailurePercentage": 49.9}, 2, "FAILED"),
        ({"ToleratedFailureCountPath": "$[0]"}, 2, "FAILED"),
        ({"ToleratedFailureCount": 3, "ToleratedFailurePercentage": 10}, 2, "FAILED"),
        ({"ToleratedFailureCount": 1, "ToleratedFailurePercentage": 90}, 2, "FAILED"),
    ],
)
def test_failed_iterations_are_held_against_what_is_tolerated(fields: dict[str, Any], failed: int, status: str) -> None:
    configuration = {"mapIterationFailureCount": failed}
    response = answer(spread(**fields), [1, 2, 3, 4], mock={"result": [0, 0, 0, 0]}, stateConfiguration=configuration)
    assert response["status"] == status
    if status == "FAILED":
        assert response["error"] == "States.ExceedToleratedFailureThreshold"


def test_an_error_of_the_iterations_can_be_caught() -> None:
    catch = [{"ErrorEquals": ["Boom"], "ResultPath": "$.e", "Next": "B"}]
    configuration = {"errorCausedByState": "Each"}
    response = answer(spread(ItemsPath="$.l", Catch=catch), {"l": [1]}, mock=ERROR, stateConfiguration=configuration)
    assert (response["status"], response["nextState"]) == ("CAUGHT_ERROR", "B")
    assert response["output"]["e"] == {"Error": "Boom", "Cause": "it broke"}
    parallel = {"Type": "Parallel", "Branches": [EACH], "Catch": [{**catch[0], "ErrorEquals": ["States.BranchFailed"]}]}
    assert answer({**parallel, "End": True}, {}, mock=ERROR)["status"] == "CAUGHT_ERROR"


def test_a_runtime_error_of_the_iterations_is_caught_by_nobody() -> None:
    catch = [{"ErrorEquals": ["States.Runtime"], "Next": "B"}]
    mock = {"errorOutput": {"error": "States.Runtime"}}
    assert answer(spread(Catch=catch), [1], mock=mock)["status"] == "FAILED"


def test_as_many_iterations_as_there_are_may_fail() -> None:
    configuration = {"mapIterationFailureCount": 2}
    assert answer(spread(), [1, 2], mock=ERROR, stateConfiguration=configuration)["error"] == "Boom"


def test_items_are_in_the_context_of_the_selector_alone() -> None:
    state = spread(ItemSelector={"i.$": "$$.Map.Item.Value"}, ResultSelector={"c.$": "$$"})
    for context in (None, {"State": {"RetryCount": 3}}):
        response = answer(state, ["a"], mock={"result": [1]}, **({} if context is None else {"context": context}))
        assert response["inspectionData"]["afterItemSelector"] == [{"i": "a"}]
        assert "Map" not in response["output"]["c"]


def test_the_state_that_an_error_comes_from_must_be_inside() -> None:
    with pytest.raises(ServiceError, match="was not found in the tested state"):
        penstock.test_state(spread(), [1], mock=ERROR, stateConfiguration={"errorCausedByState": "Elsewhere"})


def reading(config: dict[str, Any], **fields: Any) -> dict[str, Any]:
    reader = {
        "Resource": "arn:aws:states:::s3:getObject",
        "Parameters": {"Bucket": "b", "Key.$": "$.key"},
        "ReaderConfig": config,
    }
    return spread(ItemReader=reader, **fields)


def read(state: dict[str, Any], data: Any, count: int) -> dict[str, Any]:
    response = answer(state, {"key": "k"}, mock={"result": [0] * count}, stateConfiguration={"mapItemReaderData": data})
    assert response["status"] == "SUCCEEDED", response
    data = response["inspectionData"]
    assert isinstance(data, dict)
    return data


def test_what_the_reader_would_read_goes_through_selector_and_batcher() -> None:
    state = reading(
        {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
        ItemSelector={"who.$": "$$.Map.Item.Value.name"},
        ItemBatcher={"MaxItemsPerBatch": 2, "BatchInput": {"k.$": "$.key"}},
    )
    data = read(state, "name,age\nAnn,3\nBob,4\nCid,5\n", 3)
    assert data["afterItemSelector"] == [{"who": "Ann"}, {"who": "Bob"}, {"who": "Cid"}]
    assert data["afterItemBatcher"] == [
        {"BatchInput": {"k": "k"}, "Items": [{"who": "Ann"}, {"who": "Bob"}]},
        {"BatchInput": {"k": "k"}, "Items": [{"who": "Cid"}]},
    ]


def test_a_pointer_into_what_the_reader_reads() -> None:
    data = read(reading({"InputType": "JSON", "ItemsPointer": "/a/b"}), {"a": {"b": [1, 2]}}, 2)
    assert data["afterItemsPointer"] == [1, 2]


def test_what_a_manifest_lists_is_given_as_its_items() -> None:
    data = read(
        reading({"ManifestType": "S3_INVENTORY"}, ItemSelector={"k.$": "$$.Map.Item.Value.Key"}), [{"Key": "x"}], 1
    )
    assert data["afterItemSelector"] == [{"k": "x"}]


def test_a_number_of_items_that_is_negative() -> None:
    state = reading({"InputType": "JSON", "MaxItemsPath": "$.most"})
    configuration = {"mapItemReaderData": [1, 2]}
    mock = {"result": [0]}
    cut = answer(state, {"key": "k", "most": 1}, mock=mock, stateConfiguration=configuration)
    assert cut["status"] == "SUCCEEDED"
    failed = answer(state, {"key": "k", "most": -1}, mock=mock, stateConfiguration=configuration)
    assert (failed["error"], failed["cause"]) == ("States.ItemReaderFailed", "field MaxItems must be positive")


def test_a_reader_needs_its_data() -> None:
    with pytest.raises(ServiceError, match="ItemReader data must be specified"):
        penstock.test_state(reading({"InputType": "JSON"}), {"key": "k"}, mock={"result": []})


def test_data_that_the_reader_cannot_read() -> None:
    configuration = {"mapItemReaderData": json.dumps({"not": "a list"})[:-1]}
    response = answer(
        reading({"InputType": "JSON"}), {"key": "k"}, mock={"result": []}, stateConfiguration=configuration
    )
    assert (response["status"], response["error"]) == ("FAILED", "States.ItemReaderFailed")


def test_with_a_result_writer_the_mock_is_what_was_written() -> None:
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b", "Prefix": "p"}}
    state = spread(ResultWriter=writer)
    with pytest.raises(ServiceError, match=r"^Mocked result must be a JSON object\.$"):
        penstock.test_state(state, [1], mock={"result": [1]})
    written = {"MapRunArn": "arn", "ResultWriterDetails": {"Bucket": "b", "Key": "k"}}
    assert answer(state, [1], mock={"result": written})["output"] == written


def test_a_parallel_shows_only_what_comes_after_its_branches() -> None:
    state = {"Type": "Parallel", "Branches": [EACH], "Parameters": {"x.$": "$.y"}, "ResultPath": "$.r", "End": True}
    data = answer(state, {"y": 1}, mock={"result": [5]})["inspectionData"]
    assert data == {"input": {"y": 1}, "afterResultSelector": [5], "afterResultPath": {"y": 1, "r": [5]}}
