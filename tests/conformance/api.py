"""states-language: recorded sequences of API calls, each answer or refusal held against a server's."""

from __future__ import annotations

import json
import re
import time
from itertools import count
from typing import Any

from tests.conformance.compare import TOKEN, Comparer
from tests.conformance.data import Case
from tests.conformance.running import ACCOUNT
from tests.conformance.served import Caller, served
from tests.conformance.verdict import Verdict, failed, passed_if, skipped

PREFIX = f"arn:aws:states:us-east-1:{ACCOUNT}"

SINCE = {
    "encryptionConfiguration": "2024-07-25",
    "redriveCount": "2023-11-15",
    "redriveStatus": "2023-11-15",
    "redriveStatusReason": "2023-11-15",
    "failuresNotRedrivable": "2023-11-15",
    "pendingRedrive": "2023-11-15",
}
"""Members that AWS has added to its answers, and when: recordings from before cannot have them."""


def why_not(case: Case) -> str | None:
    if not any({"response", "error"} & set(call) for call in case["calls"]):
        return "no answer recorded"
    return None


def judge(case: Case) -> dict[str, Verdict]:
    reason = why_not(case)
    if reason is not None:
        return {"outcome": skipped(reason)}
    with served() as call:
        return {"outcome": judge_calls(case, call)}


def judge_refused(case: Case) -> Verdict:
    """A creation that AWS refuses for something else than the definition."""
    expected = case["expect"]["validation_error"]
    with served() as call:
        try:
            call(
                "create_state_machine",
                {
                    "name": "refused",
                    "definition": json.dumps(case["definition"]),
                    "roleArn": f"arn:aws:iam::{ACCOUNT}:role/r",
                    **(case.get("params") or {}),
                },
            )
        except Exception as error:
            if not hasattr(error, "response"):
                raise
            told = error.response["Error"]
            return passed_if(_refusal(case, Comparer(case), expected, told["Code"], told["Message"]))
    return failed(f"accepted; expected {expected}")


def judge_calls(case: Case, call: Caller) -> Verdict:
    """Makes the calls in their order; the first difference counts."""
    comparer = Comparer(case)
    replay = _Replay(case, call)
    for number, recorded in enumerate(case["calls"]):
        operation = recorded["operation"]
        try:
            actual, code, message = replay.call(recorded), None, ""
        except Exception as error:
            if not hasattr(error, "response"):
                if type(error).__name__ != "ParamValidationError":
                    raise
                code, message, actual = "ParamValidationError", str(error), {}
            else:
                told = error.response["Error"]
                code, message, actual = told["Code"], replay.as_recorded(told["Message"]), {}
        what = f"call {number} {operation}: "
        if "error" in recorded:
            if code is None:
                return failed(f"{what}accepted, with {json.dumps(actual, default=str)[:300]}", f"{operation}: accepted")
            difference = _refusal(case, comparer, recorded["error"], code, message)
        elif code is not None:
            return failed(f"{what}refused: {code}: {message[:400]}")
        else:
            difference = replay.compare(comparer, recorded, actual)
        if difference:
            return failed(f"{what}{difference}", f"{operation}: differs")
    return passed_if(None)


def _refusal(case: Case, comparer: Comparer, wanted: dict[str, Any], code: str, message: str) -> str | None:
    if code != wanted.get("code", "ParamValidationError"):
        return f"expected {wanted}, came {code}: {message[:300]}"
    if case["provenance"]["recorded_against"] != "aws":
        return None  # LocalStack's own words
    return "\n".join(map(str, comparer.differences(wanted["message"], message))) or None


class _Replay:
    """The recorder replaced names and ARNs: what stands for them here, and what came in their place."""

    def __init__(self, case: Case, call: Caller) -> None:
        self.case = case
        self.make = call
        self.answers: list[dict[str, Any]] = []
        self.started: list[str] = []
        self.open: dict[str, str] = {}
        self.map_run: str | None = None
        self.activities: dict[str, str] = {}
        self.number = next(_NUMBERS)

    def call(self, recorded: dict[str, Any]) -> dict[str, Any]:
        operation = recorded["operation"]
        parameters = self._parameters(recorded["params"])
        if operation.startswith(("describe_", "list_", "get_execution")):
            self._wait()
        try:
            answer = self.make(operation, parameters)
        except Exception:
            self.answers.append({})
            raise
        answer.pop("ResponseMetadata", None)
        self.answers.append(answer)
        if operation == "start_execution":
            self.started.append(answer["executionArn"])
        elif operation == "create_activity":
            self.activities[parameters["name"]] = answer["activityArn"]
        elif operation == "list_map_runs":
            self.map_run = answer["mapRuns"][0]["mapRunArn"]
        return answer

    def _wait(self) -> None:
        """The recorder read when executions had ended."""
        until = time.monotonic() + 5
        for arn in self.started:
            while ":execution:" in arn and time.monotonic() < until:
                if self.make("describe_execution", {"executionArn": arn})["status"] != "RUNNING":
                    break
                time.sleep(0.005)

    def _parameters(self, params: dict[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name, value in params.items():
            if isinstance(value, dict) and "$ref" in value:
                number, path = re.fullmatch(r"calls\[(\d+)\]\.response\.\.(\w+)", value["$ref"]).groups()  # type: ignore[union-attr]
                made[name] = self.answers[int(number)][path]
            else:
                made[name] = self._value(name, value)
        return made

    def _value(self, name: str, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._value(key, each) for key, each in value.items()}
        if isinstance(value, list):
            return [self._value(name, each) for each in value]
        if not isinstance(value, str):
            return value
        if name == "executionArn" and ":" in value:
            return self._execution(value)
        if name == "mapRunArn":
            return self.map_run
        if name == "activityArn" and value in self.case["placeholders"]:
            return self._stands(value, next(reversed(self.activities.values())))
        if value in _STANDS_FOR and name != "name":
            return self._stands(value, _STANDS_FOR[value])
        if value in self.case["placeholders"] and "role" in value:
            return f"arn:aws:iam::{ACCOUNT}:role/{value}"
        if name == "definition":
            text = next(reversed(self.activities.values()), f"{PREFIX}:activity:a")
            return value.replace('"activity_arn"', json.dumps(text))
        return TOKEN.sub(lambda found: self._named(found[0]), value)

    def _named(self, token: str) -> str:
        """A name that a machine, an execution can have, for a placeholder; no case before had it."""
        return f"{_plain(token)}-{self.number}"

    def _stands(self, recorded: str, ours: str) -> str:
        self.open[ours] = recorded
        return ours

    def as_recorded(self, message: str) -> str:
        """A message with the recorder's words in place of what stood for them."""
        for ours, recorded in self.open.items():
            message = message.replace(ours, recorded)
        return message

    def _execution(self, value: str) -> str:
        """The execution that the recorded ARN was, by its place among those that were started."""
        for arn in self.started:
            if arn.rpartition(":")[2] in (name := value.rpartition(":")[2], self._named(name)):
                return arn
        number = re.search(r":<\w*?_(\d+)idx>$", value)
        at = int(number[1]) if number else -1
        return self.started[at]

    def compare(self, comparer: Comparer, recorded: dict[str, Any], actual: dict[str, Any]) -> str | None:
        if "response" not in recorded:
            return None
        expected = recorded["response"]
        shown: Any = _shown(actual, expected, self.case["provenance"].get("last_validated", "9"))
        if isinstance(expected, list):  # the recorder took the list out of the answer
            shown = next(iter(shown.values()))
        return "\n".join(map(str, comparer.differences(expected, shown))) or None


_STANDS_FOR = {
    "sm_nonexistent_arn": f"{PREFIX}:stateMachine:nonexistent",
    "invalid_execution_arn": f"{PREFIX}:execution:nonexistent:nonexistent",
    "invalid_token_1025_chars": "x" * 1025,
}


_NUMBERS = count(1)


def _plain(token: str) -> str:
    return re.sub(r"[<>:]", "", token)


def _shown(actual: Any, expected: Any, date: str) -> Any:
    """The answer as the recorder wrote answers: JSON texts read, instants as texts, without what AWS has added since."""
    if isinstance(actual, dict):
        held = expected if isinstance(expected, dict) else {}
        return {
            key: _shown(value, held.get(key), date)
            for key, value in actual.items()
            if key in held or date[:10] >= SINCE.get(key, "0")
        }
    if isinstance(actual, list):
        wanted = expected if isinstance(expected, list) and len(expected) == len(actual) else [None] * len(actual)
        return [_shown(value, other, date) for value, other in zip(actual, wanted, strict=True)]
    if hasattr(actual, "isoformat"):
        return actual.isoformat()
    if isinstance(actual, str) and isinstance(expected, dict | list) and "$json" not in expected:
        try:
            return json.loads(actual)
        except ValueError:
            return actual
    return actual
