"""states-language: recorded executions, and the validations recorded with them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.conformance import api, events, teststate
from tests.conformance.compare import TOKEN, Comparer
from tests.conformance.data import Case, recorded
from tests.conformance.functions import functions_of
from tests.conformance.left_out import named
from tests.conformance.running import ACCOUNT, Ran, execute, execute_and_stop, jsonata_missing, uses_jsonata
from tests.conformance.services import delivered, provided, provides, restored
from tests.conformance.validation import judge_recorded
from tests.conformance.verdict import PASSED, Area, Verdict, failed, passed_if, skipped
from tests.conformance.workers import Workers, machines_of, with_activity

OUTSIDE = {"callback", "resource:activity_arn"}
"""Needs that a worker outside the execution fills."""


def cases(kind: str) -> list[Case]:
    return [case for case in recorded() if case["kind"] == kind]


def why_not(case: Case) -> str | None:
    """Why a case cannot be run yet, or None."""
    if case.get("recorded") is False:
        return "nothing recorded to compare with"
    if uses_jsonata(case["definition"]):
        missing = jsonata_missing()
        if missing:
            return missing
    if "mock" not in case:
        here = ("lambda", "credentials", "states:startExecution", "aws-sdk:sfn", *OUTSIDE)
        services = sorted({_service(n) for n in case["needs"] if not n.startswith(here) and not provides(n)})
        if services:
            return f"needs {', '.join(services)}: Part 2"
    return None


def _service(need: str) -> str:
    return need.split(":")[0] if not need.startswith(("states:", "aws-sdk:")) else need


def run(case: Case) -> Ran:
    if any(call["op"] == "stop_execution" for call in case.get("driver_calls", [])):
        return execute_and_stop(case["definition"], case["input"])
    name = case.get("execution_name")
    workers = Workers(case, ACCOUNT) if OUTSIDE.intersection(case["needs"]) and "mock" not in case else None
    with provided(case, ACCOUNT) as endpoint_url:
        return execute(
            case["definition"],
            case["input"],
            kind=case.get("type") or "STANDARD",
            functions=functions_of(case),
            mock=case.get("mock"),
            name=None if name is None or TOKEN.search(name) else name,
            sync=bool(case.get("sync")),
            workers=workers,
            machines=machines_of(case),
            endpoint_url=endpoint_url,
        )


def applies(case: Case, check: str) -> bool:
    """Which checks a recording allows."""
    expect = case["expect"]
    if check == "logs":
        return "logged_execution_events" in expect or "stepfunctions_events" in expect
    if check == "events":
        return "events" in expect or "end_event" in expect
    return "status" in expect


def judge(case: Case) -> dict[str, Verdict]:
    expect = case["expect"]
    verdicts: dict[str, Verdict] = {}
    reason = why_not(case)
    if "logged_execution_events" in expect:
        verdicts["logs"] = skipped(reason) if reason is not None else passed_if(judge_logs(case))
    elif applies(case, "logs"):
        verdicts["logs"] = passed_if(judge_bus(case))
    checks = [check for check in ("outcome", "events") if applies(case, check)]
    if reason is not None:
        return verdicts | {check: skipped(reason) for check in checks or ["outcome"]}
    if not checks:
        return verdicts
    case = with_activity(restored(at_this_time(case)))
    ran = run(case)
    comparer = Comparer(case)
    if "outcome" in checks:
        verdicts["outcome"] = judge_outcome(case["expect"], ran, comparer)
    if "events" in expect:
        verdicts["events"] = passed_if(events.compare(case, comparer, [events.normalised(e) for e in ran.events]))
    elif "end_event" in expect:
        verdicts["events"] = passed_if(_end_event(case["expect"]["end_event"], ran, comparer))
    return verdicts


def judge_outcome(expect: dict[str, Any], ran: Ran, comparer: Comparer) -> Verdict:
    """Status, output, error and cause. A FAILED recording without an error or a cause says that there is none."""
    lines: list[str] = []
    if expect["status"] != ran.status:
        lines.append(f"status: expected {expect['status']}, came {ran.status}; {ran.error}: {ran.cause}")
    elif ran.status == "SUCCEEDED":
        if "output" in expect:
            lines += [f"output{d}" for d in comparer.differences(expect["output"], ran.output)]
    else:
        lines += [f"error{d}" for d in comparer.differences(expect.get("error"), ran.error)]
        lines += [f"cause{d}" for d in comparer.differences(expect.get("cause"), ran.cause)]
    return failed("\n".join(lines)) if lines else PASSED


def judge_logs(case: Case) -> str | None:
    """What the recorder read from the log group: of one execution after the other."""
    expected: list[dict[str, Any]] = case["expect"]["logged_execution_events"]
    logging = case["logging"]
    actual: list[dict[str, Any]] = []
    for _ in {event["execution_arn"] for event in expected}:
        include = bool(logging["includeExecutionData"])
        actual += run(case).result.log_events(logging["level"], include_execution_data=include)
    for event in actual:  # the recorder parsed these texts
        event["details"].update(
            {k: json.loads(event["details"][k]) for k in ("input", "output") if k in event["details"]}
        )
    return "\n".join(map(str, Comparer(case).differences(expected, actual))) or None


def judge_bus(case: Case) -> str | None:
    """What the recorder received from EventBridge: of the execution itself, or what its tasks have put there."""
    expected: list[dict[str, Any]] = case["expect"]["stepfunctions_events"]
    with provided(case, ACCOUNT) as endpoint_url:
        ran = execute(case["definition"], case["input"], endpoint_url=endpoint_url)
        actual = ran.result.status_changes() if endpoint_url is None else delivered(ACCOUNT)
    for event in actual:  # the recorder parsed these texts
        for name in {"input", "output"} & set(event["detail"]):
            event["detail"][name] = json.loads(event["detail"][name] or "null")
    # EventBridge delivers at least once: the same event came twice in one recording.
    once = {event["id"]: event for event in expected}
    return "\n".join(map(str, Comparer(case).differences(list(once.values()), actual))) or None


def _end_event(expected: dict[str, Any], ran: Ran, comparer: Comparer) -> str | None:
    """The last event as an EXPRESS execution's log has it: ids as text, no input or output details."""
    last = events.normalised(ran.events[-1])
    actual = {"id": str(last["id"]), "previous_event_id": str(last["previousEventId"]), "type": last["type"]}
    wanted = {key: expected[key] for key in actual}
    details = {k: v for k, v in last.get("details", {}).items() if k in expected["details"]}
    if "output" in details:
        details["output"] = json.loads(details["output"])
    lines = [str(d) for d in comparer.differences(wanted, actual)]
    lines += [str(d) for d in comparer.differences(_without(expected["details"], "output_details"), details)]
    return "\n".join(lines) or None


def _without(value: dict[str, Any], key: str) -> dict[str, Any]:
    return {k: v for k, v in value.items() if k != key}


def at_this_time(case: Case) -> Case:
    """A case whose input counts from the recorder's clock, moved to ours."""
    relative = case.get("relative_time")
    if relative is None:
        return case
    key = relative["input_path"].removeprefix("$.")
    instant = datetime.now(UTC) + timedelta(days=relative["days_from_now"])
    moved = instant.strftime(relative["format"])
    text = json.dumps({"input": case["input"], "expect": case["expect"]}).replace(case["input"][key], moved)
    return case | json.loads(text)


EXECUTIONS = Area(
    "states-language",
    lambda: cases("execution"),
    lambda case: named(case["id"], judge(case)),
    ("outcome", "events", "logs"),
    applies=applies,
    waits=lambda case: any(need.startswith("lambda:sleep") for need in case["needs"]),
)
VALIDATIONS = Area("states-language: validation", lambda: cases("validation"), judge_recorded, ("outcome",))
TEST_STATE = Area(
    "states-language: TestState",
    lambda: cases("test_state"),
    teststate.judge,
    ("outcome",),
)
API = Area("states-language: API", lambda: cases("api"), api.judge, ("outcome",))
