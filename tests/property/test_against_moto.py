"""Generated JSONPath machines, run by us and by moto's interpreter: where the two disagree, AWS decides.

moto lives in an environment of its own (`benchmarks/.venv`, which `make bench` makes); without it this is skipped.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from benchmarks import peers
from hypothesis import HealthCheck, example, given, settings
from tests.property.machines import Definition, inputs, machines

import penstock


@dataclass(frozen=True)
class End:
    """How an execution ended. moto gives a text that is its output without quotes, and no output for null."""

    status: str
    output: Any
    error: str | None
    cause: str

    def same(self, other: End) -> bool:
        return (self.status, self.output, self.error) == (other.status, other.output, other.error)


@dataclass(frozen=True)
class Disagreement:
    """A kind of case where moto does otherwise; `source` is what says that AWS does as we do."""

    kind: str
    source: str
    is_it: Callable[[str, End, End], bool]
    """Of the definition's text, our end and theirs."""


CRASHES = ("ValueError(", "TypeError(", "KeyError(", "RuntimeError(", "AttributeError(", "Custom Error Names MUST NOT")

KNOWN = [
    Disagreement(
        "moto fails by an exception of its own",
        "its cause is a Python exception, which AWS cannot say",
        lambda text, ours, theirs: any(crash in theirs.cause for crash in CRASHES),
    ),
    Disagreement(
        "ItemsPath that leads to no array is States.Runtime",
        "recorded: test_state_map_context_object[ALL], 'Reference path \"$\" must point to array.'",
        lambda text, ours, theirs: "must point to array" in ours.cause or "must be an array" in theirs.cause,
    ),
    Disagreement(
        "a comparison with a Variable that is not there fails, it is not false",
        "States Language specification, Choice State; states-language-facts §3",
        lambda text, ours, theirs: "condition path references an invalid value" in ours.cause,
    ),
    Disagreement(
        "a Parallel with two failing branches fails with the first of them, in order; moto's threads race",
        "an execution is a function of its definition and input; AWS promises no order",
        lambda text, ours, theirs: '"Parallel"' in text and ours.status == theirs.status == "FAILED",
    ),
    Disagreement(
        "ResultPath into what is no object is States.ResultPathMatchFailure",
        "measured/cases.json: resultpath-string-input",
        lambda text, ours, theirs: ours.error == "States.ResultPathMatchFailure",
    ),
    Disagreement(
        "an index past the end is null",
        "measured on AWS: jsonpath-idx-past-end-null",
        lambda text, ours, theirs: "[99]" in text or "[0,1]" in text or "items[0]" in text,
    ),
    Disagreement(
        "an index from the end names one place: its value, not an array of it",
        "Jayway JsonPath, which AWS uses: an index token is definite, negative or not",
        lambda text, ours, theirs: "[-1]" in text,
    ),
    Disagreement(
        "a path that could match many gives an empty array, even where its first step leads nowhere",
        "recorded: test_json_path_array_wildcard_or_slice_with_no_input[$.item.items[1:]]",
        lambda text, ours, theirs: (
            ours.status == "SUCCEEDED" and any(p in text for p in ("[*]", "[1:3]", "..b", ".a.*"))
        ),
    ),
]


@pytest.fixture(scope="module")
def moto() -> Iterator[peers.Peer]:
    peer = peers.moto()
    peer.silence = 20
    try:
        peer.start()
    except (OSError, peers.PeerFailed) as error:
        pytest.skip(f"moto is not in benchmarks/.venv, which `make bench` makes ({error})")
    yield peer
    peer.stop()


def run_ours(definition: Definition, given_input: Any) -> End:
    result = penstock.run(definition, given_input, time="skip")
    return End(result.status, result.output, result.error, result.cause or "")


def run_theirs(moto: peers.Peer, definition: Definition, given_input: Any, ours: End) -> End:
    answer = moto.ask({"op": "execute", "definition": definition, "input": given_input})
    text = answer["text"]
    try:
        output = text if text is None or text == ours.output else json.loads(text)
    except ValueError:
        output = text
    return End(answer["status"], output, answer["failure"], answer["cause"] or "")


NEGATIVE = {"StartAt": "P", "States": {"P": {"Type": "Pass", "Parameters": {"v.$": "$.items[-1]"}, "End": True}}}


@given(machines(), inputs)
@example(NEGATIVE, {"items": [1, 2]})
@settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_every_disagreement_is_known(moto: peers.Peer, definition: Definition, given_input: Any) -> None:
    ours = run_ours(definition, given_input)
    theirs = run_theirs(moto, definition, given_input, ours)
    if not ours.same(theirs):
        text = json.dumps(definition)
        known = [d.kind for d in KNOWN if d.is_it(text, ours, theirs)]
        assert known, f"{text}\ninput {json.dumps(given_input)}\nours   {ours}\ntheirs {theirs}"
