"""The JSONata reference suite: bare expressions, without Step Functions around them."""

from __future__ import annotations

import json
import math
import sys
from typing import Any

from tests.conformance import data
from tests.conformance.data import Case
from tests.conformance.verdict import PASSED, Area, Verdict, failed

NOW = 1_700_000_000.0


def judge(case: Case) -> dict[str, Verdict]:
    """`result` by AWS's rules, `reference` by the reference's own: with `$eval`, and nested as deep as the case says."""
    from penstock.asl.jsonata.signatures import Signature
    from penstock.asl.jsonata.values import AWS_LIMITS, Limits, Native

    more = {"eval": Native("eval", _eval, Signature("<sx?:x>"), 2)}
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, 10_000))
    try:
        reference = _verdict(case, more, Limits(depth=case.get("depth") or 1_000))
    finally:
        sys.setrecursionlimit(before)
    return {"result": _verdict(case, {}, AWS_LIMITS), "reference": reference}


def _verdict(case: Case, more: dict[str, Any], limits: Any) -> Verdict:
    """The value, or that there is none, or that there is an error: which error is not compared, since AWS words them."""
    from penstock.asl.jsonata.evaluate import Expression
    from penstock.asl.jsonata.faults import InternalFault, JsonataFault
    from penstock.asl.jsonata.values import UNDEFINED
    from penstock.clock import Entropy

    datasets = data.read("jsonata/suite.json")["datasets"]
    given = datasets[case["dataset"]] if case.get("dataset") else case.get("data", UNDEFINED)
    wanted = case.get("code") or case.get("error")
    try:
        value = Expression(case["expr"]).evaluate(
            given, {**(case.get("bindings") or {}), **more}, entropy=lambda: Entropy(1), now=lambda: NOW, limits=limits
        )
    except (JsonataFault, InternalFault) as fault:
        return PASSED if wanted else failed(f"fails: {fault}; wanted {_wanted(case)}")
    if wanted:
        right = False
    elif case.get("undefinedResult"):
        right = value is UNDEFINED
    else:
        right = _equal(case.get("result"), value)
    return PASSED if right else failed(f"{case['expr']!r}: wanted {_wanted(case)}, gives {value!r}")


def _eval(call: Any, text: Any, context: Any) -> Any:
    """The reference's `$eval`, which AWS refuses."""
    from penstock.asl.jsonata.evaluate import Expression
    from penstock.asl.jsonata.values import UNDEFINED
    from penstock.clock import Entropy

    if text is UNDEFINED:
        return UNDEFINED
    given = call.input if context is UNDEFINED else context
    return Expression(text).evaluate(given, {}, entropy=lambda: Entropy(1), now=lambda: NOW)


def _wanted(case: Case) -> str:
    wanted = case.get("code") or case.get("error")
    if wanted:
        return f"the error {wanted}"
    return "nothing" if case.get("undefinedResult") else json.dumps(case.get("result"))


def _equal(expected: Any, actual: Any) -> bool:
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    if isinstance(expected, int | float) and isinstance(actual, int | float):
        return math.isclose(expected, actual, rel_tol=1e-12, abs_tol=1e-12)
    if isinstance(expected, list) and isinstance(actual, list):
        return len(expected) == len(actual) and all(map(_equal, expected, actual))
    if isinstance(expected, dict) and isinstance(actual, dict):
        return expected.keys() == actual.keys() and all(_equal(expected[k], actual[k]) for k in expected)
    return bool(expected == actual)


SUITE = Area("jsonata", lambda: data.read("jsonata/suite.json")["cases"], judge, ("result", "reference"))
