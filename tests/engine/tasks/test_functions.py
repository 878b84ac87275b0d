"""Functions of this process."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import json
import threading
import time
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.tasks.helpers import FUNCTION, INVOKE, Attempt, outcome, request
from tests.strategies import json_values

from penstock.engine.tasks.functions import FunctionHandler
from penstock.engine.tasks.handler import Failed, Stopped, Submitted, Succeeded


def call(function: Any, event: Any = None, **fields: Any) -> Any:
    handler = FunctionHandler({"F": function})
    try:
        return outcome(handler, request(FUNCTION + "F", event, **fields))
    finally:
        handler.close()


def cause_of(report: Any) -> dict[str, Any]:
    assert isinstance(report, Failed)
    cause = json.loads(report.cause or "")
    assert cause["errorType"] == report.error
    return cause


@pytest.mark.parametrize("key", ["F", FUNCTION + "F", "123456789012:function:F"])
@pytest.mark.parametrize(
    "asked", ["F", "F:$LATEST", "F:7", "123456789012:function:F", FUNCTION + "F", FUNCTION + "F:prod"]
)
def test_a_function_is_found_by_every_name_lambda_takes(key: str, asked: str) -> None:
    handler = FunctionHandler({key: lambda event, context: event})
    invoked = outcome(handler, request(INVOKE, {"FunctionName": asked, "Payload": 1}))
    assert isinstance(invoked, Succeeded)
    if asked.startswith("arn:"):
        assert outcome(handler, request(asked, 1)) == Succeeded(1)
    handler.close()


def test_the_exact_name_wins() -> None:
    handler = FunctionHandler({"F": lambda e, c: "any", "F:7": lambda e, c: "seven"})
    assert outcome(handler, request(FUNCTION + "F:7")) == Succeeded("seven")
    assert outcome(handler, request(FUNCTION + "F:8")) == Succeeded("any")
    handler.close()


def test_the_envelope_of_invoke() -> None:
    handler = FunctionHandler({"F": lambda event, context: {"body": "string body"}})
    report = outcome(handler, request(INVOKE, {"FunctionName": "F"}))
    handler.close()
    assert isinstance(report, Succeeded)
    output: Any = report.output
    assert list(output) == ["ExecutedVersion", "Payload", "SdkHttpMetadata", "SdkResponseMetadata", "StatusCode"]
    assert (output["ExecutedVersion"], output["StatusCode"]) == ("$LATEST", 200)
    http = output["SdkHttpMetadata"]
    # Recorded: Python's runtime writes a blank after the colon, so 23 bytes and not 22.
    assert http["HttpHeaders"]["Content-Length"] == "23"
    assert http["HttpStatusCode"] == 200
    assert http["AllHttpHeaders"] == {name: [value] for name, value in http["HttpHeaders"].items()}
    assert http["HttpHeaders"]["x-amzn-RequestId"] == output["SdkResponseMetadata"]["RequestId"]


@pytest.mark.parametrize(
    ("payload", "event"),
    [({"a": 1}, {"a": 1}), (None, {}), ('"HelloWorld"', "HelloWorld"), ("0", 0), ("[]", []), ([None], [None])],
)
def test_the_payload_of_invoke_as_recorded(payload: Any, event: Any) -> None:
    handler = FunctionHandler({"F": lambda event, context: event})
    report = outcome(handler, request(INVOKE, {"FunctionName": "F", "Payload": payload}))
    handler.close()
    assert isinstance(report, Succeeded)
    output: Any = report.output
    assert output["Payload"] == event


def test_a_payload_text_that_is_not_json() -> None:
    handler = FunctionHandler({"F": lambda event, context: event})
    report = outcome(handler, request(INVOKE, {"FunctionName": "F", "Payload": "hello"}))
    assert isinstance(report, Failed)
    assert report.error == "Lambda.InvalidRequestContentException"


def test_a_callback_is_submitted_and_stays_open() -> None:
    handler = FunctionHandler({"F": lambda event, context: "dropped"})
    attempt = Attempt(handler, request(INVOKE + ".waitForTaskToken", {"FunctionName": "F"}, token="t"))
    deadline = time.monotonic() + 5
    while not attempt.reports and time.monotonic() < deadline:
        time.sleep(0.005)
    handler.close()
    assert isinstance(attempt.reports[0], Submitted)
    assert not attempt.has_ended


def test_a_direct_call_may_get_null() -> None:
    assert call(lambda event, context: [event]) == Succeeded([None])


def test_an_exception_as_recorded() -> None:
    def handler(event: Any, context: Any) -> None:
        raise Exception("Some exception was raised.")

    cause = cause_of(call(handler))
    assert list(cause) == ["errorMessage", "errorType", "requestId", "stackTrace"]
    assert cause["errorMessage"] == "Some exception was raised."
    assert cause["errorType"] == "Exception"
    (frame,) = cause["stackTrace"]
    assert frame.startswith(f'  File "{__file__}", line ')
    assert frame.endswith('in handler\n    raise Exception("Some exception was raised.")\n')


def test_an_exceptions_own_name() -> None:
    class Throttled(Exception):
        name = "Lambda.TooManyRequestsException"

    def throttled(event: Any, context: Any) -> None:
        raise Throttled

    def misspelt(event: Any, context: Any) -> None:
        nonsense  # type: ignore[name-defined]  # noqa: B018, F821  its own `name` attribute is not an error's name

    assert call(throttled).error == "Lambda.TooManyRequestsException"
    assert call(misspelt).error == "NameError"


def test_async_functions_and_their_exceptions() -> None:
    async def good(event: Any, context: Any) -> Any:
        import asyncio

        await asyncio.sleep(0)
        return event

    async def bad(event: Any, context: Any) -> Any:
        raise KeyError("k")

    assert call(good, 7) == Succeeded(7)
    cause = cause_of(call(bad))
    assert cause["errorType"] == "KeyError"
    assert len(cause["stackTrace"]) == 1


def test_values_are_isolated() -> None:
    event = {"list": [1], "big": 2**70}
    kept: list[Any] = []

    def mutate(event: Any, context: Any) -> Any:
        event["list"].append(2)
        kept.append(event)
        return event

    report = call(mutate, event)
    kept[0]["list"].append(3)
    assert event == {"list": [1], "big": 2**70}
    assert report == Succeeded({"list": [1, 2], "big": 2**70})


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ({1, 2}, "Unable to marshal response: Object of type set is not JSON serializable"),
        (object, "Unable to marshal response: Object of type type is not JSON serializable"),
        (float("nan"), "Unable to marshal response: Out of range float values are not JSON compliant"),
    ],
)
def test_what_json_cannot_hold(result: Any, message: str) -> None:
    cause = cause_of(call(lambda event, context: result))
    assert cause["errorType"] == "Runtime.MarshalError"
    assert cause["errorMessage"].startswith(message)


def test_what_lambda_marshals() -> None:
    assert call(lambda e, c: (1, {2: decimal.Decimal("1.5")})) == Succeeded([1, {"2": 1.5}])


class Colour(enum.Enum):
    RED = "red"


class Size(enum.IntEnum):
    SMALL = 1


class Word(str):
    pass


class Named(dict[str, Any]):
    pass


@dataclasses.dataclass
class Point:
    x: int = 1


odd = st.sampled_from(
    [
        *(
            Colour.RED,
            Size.SMALL,
            Word("w"),
            Named(a=1),
            Point(),
            float("nan"),
            float("inf"),
            -0.0,
            1e16,
            2**63,
            2**64,
            "\ud800",
        ),
        *(
            decimal.Decimal("1.50"),
            datetime.date(2024, 1, 1),
            uuid.UUID(int=1),
            b"b",
            {1, 2},
            (1, 2),
            {1: 2},
            {None: 1},
        ),
        *({Word("k"): 1}, {True: 1}, range(2), object),
    ]
)
results = st.recursive(
    json_values | odd,
    lambda inner: (
        st.lists(inner, max_size=3) | st.tuples(inner, inner) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(results)
def test_every_result_is_what_lambdas_marshaller_makes_of_it(result: Any) -> None:
    try:
        # As Lambda's Python runtime does (awslambdaric, lambda_runtime_marshaller).
        expected = json.loads(json.dumps(result, ensure_ascii=False, allow_nan=False, default=_decimal))
        json.dumps(expected, ensure_ascii=False).encode()  # a lone surrogate is no text to send
    except (TypeError, ValueError):
        assert cause_of(call(lambda e, c: result))["errorType"] == "Runtime.MarshalError"
        return
    report = call(lambda e, c: result)
    assert isinstance(report, Succeeded)
    assert repr(report.output) == repr(expected)


def _decimal(value: Any) -> float:
    if isinstance(value, decimal.Decimal):
        return float(value)
    raise TypeError


def test_a_result_over_lambdas_limit() -> None:
    assert call(lambda e, c: "a" * 6_300_000).error == "Function.ResponseSizeTooLarge"


def test_a_result_that_contains_itself() -> None:
    loop: list[Any] = []
    loop.append(loop)
    assert cause_of(call(lambda e, c: loop))["errorType"] == "Runtime.MarshalError"


@pytest.mark.parametrize(
    ("code", "words"), [(3, "exit status 3"), ("bye", "exit status 1"), (None, "without providing a reason")]
)
def test_exit_is_a_runtime_that_exited(code: Any, words: str) -> None:
    def leave(event: Any, context: Any) -> None:
        raise SystemExit(code)

    cause = cause_of(call(leave))
    assert cause["errorType"] == "Runtime.ExitError"
    assert cause["errorMessage"].endswith(words)


def test_an_unknown_function() -> None:
    handler = FunctionHandler({})
    report = outcome(handler, request(INVOKE, {"FunctionName": "Nobody"}))
    assert isinstance(report, Failed)
    assert report.error == "Lambda.ResourceNotFoundException"
    assert report.cause is not None
    assert report.cause.startswith(f"Function not found: {FUNCTION}Nobody:$LATEST (Service: Lambda, Status Code: 404,")
    assert not FunctionHandler({}, only_known=True).answers(request(FUNCTION + "Nobody"))


def test_the_context() -> None:
    def look(event: Any, context: Any) -> Any:
        return [
            context.execution_name,
            context.state_name,
            context.state_machine_name,
            context.function_name,
            context.invoked_function_arn,
            context.get_remaining_time_in_millis() <= 5000,
            context.state_data_client.put_item("k", 1)["key"],
            context.state_data_client.get_item("k"),
        ]

    assert call(look, timeout=5) == Succeeded(["run", "S", "machine", "F", FUNCTION + "F", True, "k", 1])


def test_stop_execution() -> None:
    def stop(event: Any, context: Any) -> None:
        context.stop_execution(error="Off", cause="The flag is off.")

    assert call(stop) == Stopped("Off", "The flag is off.")


def test_blocking_functions_do_not_hold_up_others() -> None:
    release = threading.Event()
    handler = FunctionHandler({"slow": lambda e, c: release.wait(10), "fast": lambda e, c: e})
    slow = [Attempt(handler, request(FUNCTION + "slow")) for _ in range(50)]
    assert outcome(handler, request(FUNCTION + "fast", 1)) == Succeeded(1)
    assert not any(attempt.has_ended for attempt in slow)
    release.set()
    assert {attempt.end() for attempt in slow} == {Succeeded(True)}  # type: ignore[comparison-overlap]
    handler.close()


def test_a_cancelled_call_is_not_heard() -> None:
    release, ended = threading.Event(), threading.Event()

    def slow(event: Any, context: Any) -> None:
        release.wait(10)
        ended.set()

    handler = FunctionHandler({"F": slow})
    attempt = Attempt(handler, request(FUNCTION + "F"))
    attempt.cancel()
    attempt.cancel()
    release.set()
    assert ended.wait(10)
    handler.close()
    assert attempt.reports == []


def test_prints_go_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    def speak(event: Any, context: Any) -> None:
        print("from the function")

    handler = FunctionHandler({"F": speak})
    outcome(handler, request(FUNCTION + "F"))
    print("from the caller")
    handler.close()
    captured = capsys.readouterr()
    assert captured.out == "from the caller\n"
    assert captured.err == "from the function\n"


def test_calls_one_after_another_need_no_new_thread() -> None:
    """A thread costs more than a call."""
    threads: set[threading.Thread] = set()
    handler = FunctionHandler({"F": lambda event, context: threads.add(threading.current_thread())})
    for _ in range(300):
        outcome(handler, request(FUNCTION + "F"))
    handler.close()
    assert len(threads) <= 2  # that it comes to a second is chance: it takes what the first has not come back for
