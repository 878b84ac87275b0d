"""`penstock resume` and `penstock redrive`: what runs began and did not end, and what ended without success."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from penstock.cli import output, results
from penstock.cli.leaving import leaving, warnings_shown
from penstock.cli.options import db_option, endpoint_of, endpoint_options, refusals_are_wrong_use
from penstock.clock import SystemClock, VirtualClock
from penstock.errors import PenstockError, ServiceError, StoreError, UsageError

if TYPE_CHECKING:
    from penstock.options import ResumeOptions
    from penstock.results import RunResult
    from penstock.store import Database, Summary

_TARGET = "Where the workflow is now, when it has moved."


@click.command("resume")
@db_option("The database file of the runs.", required=True)
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--target", metavar="TARGET", help=_TARGET)
@click.option("--unpark", is_flag=True, help="Take up, too, what was left alone because it could not be taken up.")
@click.option("--history", metavar="FILE", help="Write what happened, as GetExecutionHistory answers.")
@click.option("--json", "as_json", is_flag=True, help="Status, error and times as JSON, not the output alone.")
@click.option("-q", "--quiet", is_flag=True, help="No progress; problems only.")
@click.pass_context
def command(
    ctx: click.Context,
    db: str,
    names: tuple[str, ...],
    target: str | None,
    unpark: bool,
    history: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Take up what penstock run --db began and did not end: all of it, or the executions called NAME.

    Steps that were completed are not run again. One execution is shown as penstock run shows it, of several there is a line of
    JSON for each.
    """
    from penstock.durable import opened, to_resume

    if history is not None:
        output.check_writable(history)
    with warnings_shown(), opened(db) as database:
        groups = to_resume(database, names, unpark=unpark)
        if not groups:
            if not quiet:
                output.note(f"Nothing in {db} waits for penstock resume.")
            return
        if len(groups) == 1 and len(groups[0]) == 1:
            ctx.exit(_one(ctx, database, groups[0][0], target, history=history, as_json=as_json, quiet=quiet))
        if history:
            raise UsageError("--history goes with one execution; name it.")
        code = _several(ctx, database, groups, names, target, quiet=quiet)
    ctx.exit(code)


@click.command("redrive")
@db_option("The database file of the run.")
@endpoint_options
@click.argument("name", metavar="NAME|ARN")
@click.option("--target", metavar="TARGET", help=f"{_TARGET} Goes with --db.")
@click.option("--history", metavar="FILE", help="Write what happened, as GetExecutionHistory answers. Goes with --db.")
@click.option(
    "--json", "as_json", is_flag=True, help="The result as JSON: status, error and times, or the server's answer."
)
@click.option("-q", "--quiet", is_flag=True, help="No progress; problems only.")
@click.pass_context
def redrive(
    ctx: click.Context,
    db: str | None,
    endpoint: str | None,
    token: str | None,
    name: str,
    target: str | None,
    history: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Let an execution that ended without success go on from what did not succeed.

    With --db it runs here, as penstock run does. A server is only told to go on.
    """
    from penstock.durable.words import naming

    place = endpoint_of(db, endpoint, token)
    if place is not None:
        if target or history:
            raise UsageError("--target and --history go with --db: a server has its own code, and goes on by itself.")
        from penstock.runs.endpoint import EndpointRuns

        url = shlex.quote(place.url)
        show = ["penstock", "runs", "show", "--endpoint", place.url, *naming(name)]
        with (
            refusals_are_wrong_use(),
            _told_what_to_do(show, f"aws stepfunctions start-execution --endpoint-url {url}"),
        ):
            answer = EndpointRuns(place).redrive(name)
        if as_json:
            output.result(output.json_text(answer, default=results.date_text) + "\n")
        elif not quiet:
            output.note(f"{answer['executionArn']} goes on.")
        return
    from penstock.durable import Began, check_redrivable, find, opened
    from penstock.store.executions import Executions

    if history is not None:
        output.check_writable(history)
    assert db is not None
    with warnings_shown(), refusals_are_wrong_use(), opened(db) as database:
        summary = find(Executions(database), name)
        check_redrivable(database, summary)
        began = Began.read(summary)
        anew = ["penstock", "run", target or (began and began.target) or "TARGET", "--db", db]
        with _told_what_to_do(["penstock", "runs", "show", "--db", db, *naming(name)], shlex.join(anew)):
            code = _one(ctx, database, summary, target, history=history, as_json=as_json, quiet=quiet, again=True)
    ctx.exit(code)


@contextmanager
def _told_what_to_do(show: list[str], anew: str) -> Iterator[None]:
    """Has AWS's sentence about what cannot be redriven followed by what can be done: commands to look at it, and to begin anew."""
    try:
        yield
    except ServiceError as error:
        if error.code != "ExecutionNotRedrivable" or "Map Run" in str(error):  # that one says what is redriven
            raise
        if "is RUNNING" in str(error):
            step = f"It goes on by itself; look at it: {shlex.join(show)}"
        elif "is SUCCEEDED" in str(error):
            step = f"Nothing of it is left to do; see what it gave: {shlex.join(show)}, or start another: {anew}"
        else:
            step = f"Start another: {anew}"
        raise ServiceError(f"{error}. {step}", code=error.code) from None


def _one(
    ctx: click.Context,
    database: Database,
    summary: Summary,
    target: str | None,
    *,
    history: str | None,
    as_json: bool,
    quiet: bool,
    again: bool = False,
) -> int:
    from penstock.durable import Began, Resumed, written

    began = Began.read(summary)
    assert began is not None
    virtual = began.time == "skip"
    clock = VirtualClock(summary.started) if virtual else SystemClock()
    result: RunResult | None = None
    title = f"{began.machine} {summary.name}"
    definition = written(database, summary)
    with results.progress(title, definition, clock, quiet=quiet) as observer, leaving() as left:
        options: ResumeOptions = {
            "clock": clock,
            "log": results.unheard if quiet else results.log,
            "observer": observer,
        }
        with Resumed(database, [summary], options, target=target, again=again) as resumed:
            for problem in resumed.parked:
                raise PenstockError(problem)
            left.by(resumed.leave)
            result = next(resumed.results(), None)
    if result is None:
        left.end(ctx, _again(database, target, (summary.name,)))
        return 1
    return results.show(result, history=history, as_json=as_json, virtual=virtual, quiet=quiet)


def _again(database: Database, target: str | None, names: Sequence[str]) -> list[str]:
    """The command for what this one has left: of the same executions, with the same code."""
    from penstock.durable.words import naming

    where = [] if target is None else ["--target", target]
    return ["penstock", "resume", "--db", str(database.path), *where, *naming(*names)]


def _several(
    ctx: click.Context,
    database: Database,
    groups: list[list[Summary]],
    names: tuple[str, ...],
    target: str | None,
    *,
    quiet: bool,
) -> int:
    """One group after the other: what they share is the file, and each has its own code."""
    from penstock.durable import Resumed

    total = failed = 0
    with leaving() as left:
        for group in groups:
            options: ResumeOptions = {"log": results.unheard if quiet else results.log}
            try:
                with Resumed(database, group, options, target=target) as resumed:
                    left.by(resumed.leave)
                    for problem in resumed.parked:
                        output.problem(problem)
                        total, failed = total + 1, failed + 1
                    for result in resumed.results():
                        total, failed = total + 1, failed + (not result.succeeded)
                        output.result_json(results.describe(result), indent=None)
            except StoreError:
                raise
            except PenstockError as error:  # of this target; the others go on
                output.problem(str(error))
                total, failed = total + len(group), failed + len(group)
            if left.number is not None:
                break
    if left.number is not None:
        left.end(ctx, _again(database, target, names))
    if not quiet:
        output.note(f"{total} executions, {total - failed} succeeded, {failed} did not")
    return 1 if failed else 0
