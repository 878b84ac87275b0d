"""states-language: recorded calls of TestState, the whole response or the refusal."""

from __future__ import annotations

import json
from typing import Any

from tests.conformance.compare import Comparer
from tests.conformance.data import Case
from tests.conformance.functions import Function, functions_of
from tests.conformance.running import ACCOUNT
from tests.conformance.verdict import Verdict, failed, passed_if

import penstock
from penstock.config import AwsSettings, Settings
from penstock.errors import InvalidDefinition, ServiceError


def judge(case: Case) -> dict[str, Verdict]:
    expect, comparer = case["expect"], Comparer(case)
    refused: dict[str, Any] | None = None
    response: dict[str, Any] = {}
    try:
        response = call(case)
    except (InvalidDefinition, ServiceError) as error:
        refused = {"code": error.code, "message": str(error)}
    if "validation_error" in expect:
        if refused is None:
            told = expect["validation_error"]["message"]
            return {
                "outcome": failed(f"accepted, with {json.dumps(response)[:300]}; AWS says {told[:300]}", "accepted")
            }
        wanted = {key: expect["validation_error"][key] for key in ("code", "message")}
        return {"outcome": passed_if("\n".join(map(str, comparer.differences(wanted, refused))) or None)}
    if refused is not None:
        return {"outcome": failed(f"refused: {refused['code']}: {refused['message'][:300]}")}
    return {"outcome": passed_if("\n".join(map(str, comparer.differences(expect["response"], response))) or None)}


def call(case: Case) -> dict[str, Any]:
    """The call as the API has it: what is JSON goes as text."""
    params: dict[str, Any] = _texts(case["params"])
    given = {} if "input" not in case else {"input": json.dumps(case["input"])}
    return penstock.test_state(
        case["definition"],
        **given,
        **params,
        functions=functions_of(case) or _undeclared(case),
        settings=Settings(aws=AwsSettings(account=ACCOUNT)),
    )


def _undeclared(case: Case) -> dict[str, Function]:
    """The functions of these cases are not among the declared ones: one answers what its case says it answered."""
    if "lambda" not in case["needs"] or "response" not in case["expect"]:
        return {}
    output = case["expect"]["output"]
    answer = output["Payload"] if isinstance(output, dict) and "Payload" in output else output
    return {"lambda_function_name": lambda event, context: answer}


def _texts(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"$json"}:
            return json.dumps(value["$json"])
        return {key: _texts(each) for key, each in value.items()}
    return value
