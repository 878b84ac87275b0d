"""What AWS was seen to accept and to refuse. The whole comparison is `make conformance`; here is what may never slip."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.conformance import data
from tests.conformance.known_validation import KNOWN

from penstock.asl.check import check, invalid_definition
from penstock.asl.read import read, read_document
from penstock.asl.write import write, write_yaml
from penstock.diagnostics import Severity

pytestmark = pytest.mark.skipif(data.why_absent() is not None, reason=str(data.why_absent()))

ACTIVITY = "arn:aws:states:us-east-1:111111111111:activity:name"


def recorded(kind: str) -> list[Any]:
    cases = [case for case in data.recorded() if case["kind"] == kind]
    assert cases
    return cases


def text_of(case: Any) -> str:
    """The definition as the recorder sent it; `activity_arn` stands for the ARN of an activity it had made."""
    text = case["definition_text"] if case.get("definition_text") is not None else json.dumps(case["definition"])
    return str(text.replace('"activity_arn"', f'"{ACTIVITY}"'))


def test_what_ran_on_aws_is_accepted_and_survives_writing() -> None:
    wrong = []
    for case in recorded("execution"):
        if case.get("definition") is None:
            continue
        reading = read(text_of(case))
        wrong += [(case["id"], one) for one in check(reading, type=case.get("type") or "STANDARD") if one.is_error]
        assert reading.machine is not None
        assert read(write(reading.machine)).machine == reading.machine
        assert read_document(json.loads(write(reading.machine))).machine == reading.machine
    assert wrong == []


def test_what_aws_refused_is_refused_in_its_words() -> None:
    wrong = []
    for case in recorded("validation"):
        expected = case["expect"]
        problems = check(read(text_of(case)), type=case.get("type") or "STANDARD", severity=Severity.ERROR)
        if "validation_response" in expected:
            told = [{"code": p.code, "message": p.message, "severity": str(p.severity)} for p in problems]
            told = [
                {**one, "location": p.location} if p.location is not None else one
                for one, p in zip(told, problems, strict=True)
            ]
            right = told == expected["validation_response"]["diagnostics"]
        elif expected["validation_error"]["code"] != "InvalidDefinition":
            continue
        elif case["provenance"]["recorded_against"] == "aws":
            right = invalid_definition(problems) == expected["validation_error"]["message"]
        else:
            right = bool(problems)
        if not right:
            wrong.append((case["id"], problems))
    assert wrong == []


def test_what_was_measured_is_told_in_the_same_words() -> None:
    wrong = []
    for case in data.read("measured/cases.json"):
        if case["kind"] != "validation":
            continue
        problems = check(read_document(case["definition"]), severity=Severity.ERROR)
        told = [{"code": p.code, "message": p.message, "location": p.location} for p in problems]
        if told != case["expect"]["diagnostics"]:
            wrong.append((case["id"], told))
    assert wrong == []


def test_the_table_of_disagreements_is_exact() -> None:
    disagreed = set()
    for case in data.read("validation/cases.json"):
        accepted = not any(one.is_error for one in check(case["definition"]))
        if accepted != case["valid"]:
            disagreed.add(case["id"])
    for case in data.read("machines/machines.json"):
        kind = "EXPRESS" if case["machine_type"] == "EXPRESS" else "STANDARD"
        if any(one.is_error for one in check(case["definition"], type=kind)):  # type: ignore[arg-type]
            disagreed.add(case["id"])
    assert disagreed == set(KNOWN)


def test_real_machines_survive_writing() -> None:
    for case in data.read("machines/machines.json"):
        machine = read_document(case["definition"]).machine
        assert machine is not None, case["id"]
        assert read(write(machine)).machine == machine
        assert read(write_yaml(machine), format="yaml").machine == machine
