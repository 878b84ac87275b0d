"""`penstock runs`: the executions of a database file or a server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from penstock.cli import output, results
from penstock.cli.duration import duration
from penstock.cli.options import db_option, endpoint_of, endpoint_options, refusals_are_wrong_use
from penstock.errors import PenstockError, UsageError

if TYPE_CHECKING:
    from penstock.asl.visits import Visits
    from penstock.diagnostics import Span
    from penstock.runs import Execution, Runs

STATUSES = ["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE"]
_TEXT = 2000
"""Characters of an input or an output that `show` shows; --json has all."""


@click.group("runs")
def command() -> None:
    """Executions of a database file (--db), or of a server (--endpoint).

    Without either, the server at PENSTOCK_ENDPOINT, at AWS_ENDPOINT_URL_SFN, or at http://127.0.0.1:4599. A file may be looked
    at while a server or a run has it.
    """


_db = db_option("A database file: of penstock run, or of a server.")
_json = click.option("--json", "as_json", is_flag=True, help="As JSON, in the API's shape.")


@command.command("list")
@_db
@endpoint_options
@click.option("--status", type=click.Choice(STATUSES, case_sensitive=False), help="Only those.")
@click.option("--machine", metavar="NAME|ARN", help="Only executions of this state machine.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="How many at once.")
@click.option("--page", type=click.IntRange(1), default=1, show_default=True, help="Which of the pages of that size.")
@_json
def list_(
    db: str | None,
    endpoint: str | None,
    token: str | None,
    status: str | None,
    machine: str | None,
    limit: int,
    page: int,
    as_json: bool,
) -> None:
    """List executions, newest first.

    On a terminal a table; else a line for each, separated by tabs: name, machine, status, start, end, ARN.
    """
    with _runs(db, endpoint, token) as runs:
        first = (page - 1) * limit
        found = list(islice(runs.list(status=status, machine=machine), first, first + limit + 1))
    shown, more = found[:limit], len(found) > limit
    if as_json:
        _json_result({"executions": shown})
    elif output.is_terminal(_stdout()):
        rows = [
            (
                each["name"],
                _machine_of(each),
                f"{each['status']} (parked)" if "parked" in each else each["status"],
                f"{each['startDate']:%Y-%m-%d %H:%M:%S}",
                _took(each),
            )
            for each in shown
        ]
        output.table(("NAME", "MACHINE", "STATUS", "STARTED (UTC)", "TOOK"), rows)
    else:
        for each in shown:
            ended = each.get("stopDate")
            fields = [each["name"], _machine_of(each), each["status"], each["startDate"].isoformat()]
            fields += ["" if ended is None else ended.isoformat(), each["executionArn"]]
            output.result("\t".join(map(output.one_line, fields)) + "\n")
    if more:
        output.note(f"There are more: --page {page + 1}.")


@command.command("show")
@_db
@endpoint_options
@click.argument("name", metavar="NAME|ARN")
@_json
def show(db: str | None, endpoint: str | None, token: str | None, name: str, as_json: bool) -> None:
    """Show an execution: input, output, the error and where it was written, Map Runs and what its tasks started."""
    with _runs(db, endpoint, token) as runs:
        found = runs.execution(name)
        arn = found.described["executionArn"]
        visits = _visits(runs, arn, found.definition)
    failed = visits.failure.name if visits.failure is not None and found.described["status"] != "SUCCEEDED" else None
    span = None if failed is None else _span(found, failed)
    if as_json:
        extra = {
            "mapRuns": found.map_runs,
            "startedExecutions": found.started,
            "failedState": failed,
            "failedAt": None if span is None else {"file": span.source.name, "line": span.line, "column": span.column},
            "parked": found.parked,
        }
        _json_result({**found.described, **extra})
        return
    _show(found, db)
    described = found.described
    if described["status"] not in ("RUNNING", "SUCCEEDED"):
        results.failure(described["status"], described.get("error"), described.get("cause"), state=failed, span=span)


@command.command("history")
@_db
@endpoint_options
@click.argument("name", metavar="NAME|ARN")
@click.option("--reverse", is_flag=True, help="The newest first.")
@_json
def history(db: str | None, endpoint: str | None, token: str | None, name: str, reverse: bool, as_json: bool) -> None:
    """List what happened in an execution; with --json, as GetExecutionHistory answers.

    On a terminal a table; else a line for each event, separated by tabs: id, time, type, and what it is about.
    """
    with _runs(db, endpoint, token) as runs:
        events = list(runs.history(name, reverse=reverse))
    if as_json:
        _json_result({"events": events})
    elif output.is_terminal(_stdout()):
        began = min((each["timestamp"] for each in events), default=None)
        output.table(
            ("ID", "AFTER", "EVENT", ""),
            [
                (
                    str(each["id"]),
                    duration((each["timestamp"] - began).total_seconds()) if began is not None else "",
                    each["type"],
                    _about(each),
                )
                for each in events
            ],
        )
    else:
        for each in events:
            fields = [str(each["id"]), each["timestamp"].isoformat(), each["type"], _about(each)]
            output.result("\t".join(map(output.one_line, fields)) + "\n")


@command.command("stop")
@_db
@endpoint_options
@click.argument("name", metavar="NAME|ARN")
@click.option("--error", metavar="TEXT", help="The error that the execution ends with.")
@click.option("--cause", metavar="TEXT", help="Its cause.")
def stop(
    db: str | None, endpoint: str | None, token: str | None, name: str, error: str | None, cause: str | None
) -> None:
    """Abort an execution, with the children of its Map Runs and what its tasks wait for."""
    if error is not None and len(error) > 256:
        raise UsageError(f"An error has 256 characters at most; this one has {len(error):,}.")
    if cause is not None and len(cause) > 32_768:
        raise UsageError(f"A cause has 32,768 characters at most; this one has {len(cause):,}.")
    with _runs(db, endpoint, token) as runs:
        arn = runs.stop(name, error, cause)
    output.note(f"{arn} is ABORTED.")


# ---- showing


@contextmanager
def _runs(db: str | None, endpoint: str | None, token: str | None) -> Iterator[Runs]:
    place = endpoint_of(db, endpoint, token)
    runs: Runs
    if place is None:
        from penstock.runs.file import FileRuns

        assert db is not None
        runs = FileRuns(db)
    else:
        from penstock.runs.endpoint import EndpointRuns

        runs = EndpointRuns(place)
    try:
        with refusals_are_wrong_use():
            yield runs
    finally:
        runs.close()


def _stdout() -> Any:
    import sys

    return sys.stdout


def _json_result(value: Mapping[str, Any]) -> None:
    output.result(output.json_text(value, default=results.date_text) + "\n")


def _machine_of(entry: Mapping[str, Any]) -> str:
    return str(entry["stateMachineArn"]).rpartition(":")[2]


def _took(entry: Mapping[str, Any]) -> str:
    ended = entry.get("stopDate")
    return "" if ended is None else duration((ended - entry["startDate"]).total_seconds())


def _show(found: Execution, db: str | None) -> None:
    from penstock.durable.words import pasted

    described = found.described
    named = pasted(described["name"])
    lines = [
        ("name", described["name"]),
        ("status", described["status"]),
        ("machine", _machine_of(described)),
        ("arn", described["executionArn"]),
        ("started", _instant(described["startDate"])),
    ]
    if "stopDate" in described:
        lines.append(("ended", f"{_instant(described['stopDate'])}, after {_took(described)}"))
    if described.get("redriveCount"):
        when = described.get("redriveDate")
        lines.append(("redrives", f"{described['redriveCount']}{'' if when is None else f', last {_instant(when)}'}"))
    if found.by_run is not None:
        lines.append(("begun by", f"penstock run {found.target or ''}".rstrip() if found.by_run else "a server"))
    if found.parked is not None:
        lines.append(("parked", f"it was left alone: {found.parked}"))
        lines.append(("", f"to try it once more: penstock resume --db {quote(db or '')} --unpark {named}"))
    elif described["status"] == "RUNNING" and found.by_run:
        lines.append(("", f"if no process runs it any more: penstock resume --db {quote(db or '')} {named}"))
    for key in ("input", "output"):
        if key in described:
            text = described[key]
            lines.append((key, text if len(text) <= _TEXT else f"{text[:_TEXT]}… ({len(text):,} characters)"))
    for run in found.map_runs:
        counts = ", ".join(f"{count} {kind}" for kind, count in run["itemCounts"].items() if count and kind != "total")
        lines.append(
            ("Map Run", f"{run['status']}  {run['itemCounts'].get('total', 0)} items: {counts}  {run['mapRunArn']}")
        )
    for child in found.started:
        lines.append(("started", f"{child['status']}  {child['executionArn']}"))
    width = max(len(key) for key, _ in lines)
    for key, text in lines:
        output.result(f"{key:<{width}}  {output.one_line(text)}\n")


def _instant(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M:%S} UTC"


def _visits(runs: Runs, arn: str, definition: str | None) -> Visits:
    from penstock.asl.read import read
    from penstock.asl.visits import Visits

    machine = None if definition is None else read(definition, format="json").machine
    try:
        return Visits(runs.history(arn), machine)
    except PenstockError:  # an Express execution has none
        return Visits((), machine)


def _span(found: Execution, state: str) -> Span | None:
    """Where the state was written, in the target as it is now; no code of the user's is run for that."""
    if found.target is None:
        return None
    from penstock.api import Machine
    from penstock.targets import open_target

    try:
        target = open_target(found.target, static=True)
        return Machine(target, target.machine(found.machine)).span_of(state)
    except PenstockError:
        return None


def _about(event: Mapping[str, Any]) -> str:
    """What an event tells besides its type, in a few words: a state's name, an error, a resource."""
    details: Mapping[str, Any] = next((value for key, value in event.items() if key.endswith("EventDetails")), {})
    words = [str(details[key]) for key in ("name", "resource", "error", "index") if details.get(key) is not None]
    if details.get("cause"):
        words.append(str(details["cause"]))
    text = "  ".join(words)
    return text if len(text) <= 120 else f"{text[:119]}…"
