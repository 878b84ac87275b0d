"""schedule, subscribe, export, process_events: what triggers a machine and who hears of its end."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from penstock.jsontools import Json
from penstock.script.model import EventProcessing, EventProcessorClass, Schedule, Subscription
from penstock.script.report import Refused, Reporter, did_you_mean, listed
from penstock.script.resolve.constants import NotConstant, fold

_KEYWORDS: Final = {
    "schedule": ("expression", "input_data"),
    "subscribe": ("project", "topic_arn_import_value", "state_machine", "status"),
    "export": ("enabled",),
    "process_events": ("processor",),
}
# The two forms of EventBridge's schedule expressions; `rate(1 hours)` and `rate(2 hour)` are refused by AWS too.
_RATE: Final = re.compile(r"rate\((1 (minute|hour|day)|([2-9]|[1-9][0-9]{1,8}) (minutes|hours|days))\)")
_CRON: Final = re.compile(r"cron\([^()\n]{11,200}\)")
_CRON_FIELD: Final = re.compile(r"[0-9A-Za-z*?,/#-]+")


@dataclass
class Decorated:
    schedule: Schedule | None = None
    subscriptions: list[Subscription] = field(default_factory=list)
    exported: bool = False
    event_processing: EventProcessing | None = None


def read_decorators(
    node: ast.FunctionDef,
    constants: Mapping[str, Json],
    processors: Mapping[str, EventProcessorClass],
    report: Reporter,
) -> Decorated:
    result = Decorated()
    seen: set[str] = set()
    for decorator in node.decorator_list:
        try:
            name, values = _call(decorator, constants, report)
            if name in seen and name != "subscribe":
                report.refuse("PS115", decorator, f"a machine has one `@{name}`", help="remove one of the two")
            seen.add(name)
            _apply(name, values, decorator, processors, report, result)
        except Refused:
            continue
    return result


def _call(
    decorator: ast.expr, constants: Mapping[str, Json], report: Reporter
) -> tuple[str, dict[str, tuple[ast.expr, Any]]]:
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    name = target.id if isinstance(target, ast.Name) else target.attr if isinstance(target, ast.Attribute) else ""
    if name not in _KEYWORDS:
        near = did_you_mean(name, _KEYWORDS)
        report.refuse(
            "PS112",
            decorator,
            f"unknown decorator `{ast.unparse(target)[:60]}`",
            help=f"did you mean `@{near}`?" if near else f"a machine function takes {listed(_KEYWORDS)}",
        )
    if not isinstance(decorator, ast.Call):
        report.refuse("PS113", decorator, f"`@{name}` is not called", help=f"write `@{name}()` with its arguments")
    if decorator.args:
        report.refuse(
            "PS113",
            decorator.args[0],
            f"`@{name}` takes keyword arguments only",
            help=f"it knows {listed(_KEYWORDS[name])}",
        )
    values: dict[str, tuple[ast.expr, Any]] = {}
    for keyword in decorator.keywords:
        if keyword.arg not in _KEYWORDS[name]:
            near = did_you_mean(keyword.arg or "", _KEYWORDS[name])
            report.refuse(
                "PS113",
                keyword,
                f"`@{name}` has no argument `{keyword.arg or '**'}`",
                help=f"did you mean `{near}`?" if near else f"it knows {listed(_KEYWORDS[name])}",
            )
        if keyword.arg == "processor":
            values["processor"] = (keyword.value, None)
            continue
        try:
            values[keyword.arg] = (keyword.value, fold(keyword.value, constants))
        except NotConstant as error:
            report.refuse(
                "PS114",
                error.node,
                f"`{keyword.arg}` of `@{name}` must be a constant: {error.message}",
                help="write the value out",
            )
    return name, values


def _apply(
    name: str,
    values: dict[str, tuple[ast.expr, Any]],
    decorator: ast.expr,
    processors: Mapping[str, EventProcessorClass],
    report: Reporter,
    result: Decorated,
) -> None:
    span = report.spans.of(decorator)

    def text(key: str) -> str | None:
        if key not in values:
            return None
        node, value = values[key]
        if value is None or (isinstance(value, str) and value):
            return value
        report.refuse("PS114", node, f"`{key}` of `@{name}` must be a text", help=f'write {key}="..."')

    if name == "schedule":
        expression = text("expression")
        if expression is None or not _is_schedule(expression):
            report.refuse(
                "PS114",
                values["expression"][0] if "expression" in values else decorator,
                "a schedule needs an expression `rate(...)` or `cron(...)`",
                help='write expression="rate(1 hour)" or expression="cron(0 12 * * ? *)"',
            )
        node, given = values.get("input_data", (decorator, None))
        if given is not None and not isinstance(given, dict):
            report.refuse("PS114", node, "`input_data` must be a dict", help='write input_data={"key": "value"}')
        result.schedule = Schedule(expression, given, span)
    elif name == "subscribe":
        project, topic = text("project"), text("topic_arn_import_value")
        if (project is None) == (topic is None):
            report.refuse(
                "PS114",
                decorator,
                "a subscription needs either `project` or `topic_arn_import_value`",
                help='write project="..."',
            )
        status: Literal["success", "failure"] = "success"
        if "status" in values:
            node, value = values["status"]
            if value not in ("success", "failure"):
                report.refuse("PS114", node, "`status` is `success` or `failure`", help='write status="success"')
            status = value
        result.subscriptions.append(Subscription(project, topic, text("state_machine") or "main", status, span))
    elif name == "export":
        node, enabled = values.get("enabled", (decorator, True))
        if not isinstance(enabled, bool):
            report.refuse("PS114", node, "`enabled` is True or False", help="write `@export()`")
        result.exported = enabled
    else:
        processor: str | None = None
        if "processor" in values:
            node = values["processor"][0]
            if not (isinstance(node, ast.Constant) and node.value is None):
                if not isinstance(node, ast.Name) or node.id not in processors:
                    near = did_you_mean(node.id, processors) if isinstance(node, ast.Name) else None
                    report.refuse(
                        "PS114",
                        node,
                        "`processor` must be the name of an EventProcessor class of this file",
                        help=f"did you mean `{near}`?"
                        if near
                        else "define `class X(EventProcessor):` and write processor=X",
                    )
                processor = node.id
        result.event_processing = EventProcessing(processor, span)


def _is_schedule(expression: str) -> bool:
    if _RATE.fullmatch(expression):
        return True
    if not _CRON.fullmatch(expression):
        return False
    fields = expression[5:-1].split()
    # Day of month and day of week: one of the two must be `?` (EventBridge's rule).
    return len(fields) == 6 and all(_CRON_FIELD.fullmatch(f) for f in fields) and "?" in (fields[2], fields[4])
