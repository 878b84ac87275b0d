"""`penstock run`: a workflow, here and now."""

from __future__ import annotations

import sys
from typing import NoReturn, cast

import click

from penstock.api import AT_ONCE, Machine, check_input, load, open_call, open_run, run_many
from penstock.cli import output, results
from penstock.cli.leaving import Left, leaving, warnings_shown
from penstock.cli.options import (
    db_option,
    machine_option,
    parameter_option,
    parse_parameters,
    parse_variables,
    read_bytes,
    read_json_argument,
    var_option,
)
from penstock.clock import SystemClock, VirtualClock
from penstock.errors import InvalidInput, JsonError, UsageError
from penstock.jsontools import Json, loads
from penstock.options import MachineType, Pace, RunOptions


@click.command("run")
@click.argument("target")
@click.option("--input", "text", metavar="JSON|@FILE|-", help="The execution's input; {} without it.")
@machine_option
@click.option(
    "--time",
    "pace",
    type=click.Choice(["real", "skip"]),
    default="real",
    envvar="PENSTOCK_TIME",
    show_envvar=True,
    show_default=True,
    help="skip: waits, retries and timeouts take no real time.",
)
@click.option("--mock", "mocks", metavar="FILE[#CASE]", help="Answers for tasks, in AWS's MockConfigFile form.")
@db_option(
    "Keep the run in this database file, so that an interrupted one goes on with penstock resume. Express runs are there only "
    "while they run."
)
@click.option("--name", metavar="NAME", help="The execution's name; made up without it.")
@click.option("--history", metavar="FILE", help="Write what happened, as GetExecutionHistory answers.")
@var_option
@parameter_option
@click.option(
    "--type",
    "kind",
    type=click.Choice(["standard", "express"], case_sensitive=False),
    envvar="PENSTOCK_TYPE",
    show_envvar=True,
    help="standard without it, or what a template or a construct says.",
)
@click.option(
    "--map-inputs", metavar="FILE.jsonl", help="One execution for each line; results as JSON lines, in order."
)
@click.option("--json", "as_json", is_flag=True, help="Status, error and times as JSON, not the output alone.")
@click.option("-q", "--quiet", is_flag=True, help="No progress; problems only.")
@click.pass_context
def command(
    ctx: click.Context,
    target: str,
    text: str | None,
    machine: str | None,
    pace: str,
    mocks: str | None,
    db: str | None,
    name: str | None,
    history: str | None,
    variables: tuple[str, ...],
    parameters: tuple[str, ...],
    kind: str | None,
    map_inputs: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Run TARGET on this machine.

    The output goes to stdout as JSON. Exit code 1 where the execution does not succeed. With --db, Ctrl-C leaves a run that
    goes on later, and prints the command for that.
    """
    if target == "-" and text == "-":
        raise UsageError("Target and input cannot both come from stdin; give one of them as a file.")
    if map_inputs and db and name is None:
        raise UsageError(
            "--map-inputs with --db needs --name NAME: the executions are called NAME-1, NAME-2, …, and by these names a second "
            "call knows what has run."
        )
    if map_inputs and (text is not None or history):
        raise UsageError("--map-inputs goes with neither --input nor --history.")
    if history is not None:
        output.check_writable(history)
    substitutions = parse_variables(variables)
    inputs = _read_lines(map_inputs) if map_inputs else []
    value = check_input({} if text is None else read_json_argument(text, "--input"), what="--input")
    loaded = load(target, machine, parameters=parse_parameters(parameters))
    options: RunOptions = {
        "mocks": mocks,
        "time": cast(Pace, pace),
        "type": loaded.type if kind is None else cast(MachineType, kind.upper()),
        "substitutions": substitutions,
        "log": results.unheard if quiet else results.log,
        "name": name,
        "db": db,
    }
    if map_inputs:
        if db is None:
            ctx.exit(results.many(run_many(loaded, inputs, **options), quiet=quiet))
        _many_in_file(ctx, loaded, inputs, options, quiet=quiet)
    clock = options["clock"] = VirtualClock() if pace == "skip" else SystemClock()
    loaded.prepare(type=options["type"], substitutions=substitutions)  # what is wrong is said before a tree is drawn
    title = f"{loaded.name} {name}" if name else loaded.name
    left, result = Left(), None
    with warnings_shown(), results.progress(title, loaded.definition, clock, quiet=quiet) as observer:
        options["observer"] = observer
        if db is None:
            result = open_run(loaded, value, options).run_here()
        else:
            if options["type"] == "EXPRESS" and not quiet:
                output.note(
                    f"An Express run keeps no history: it is in {db} until it ends, and cannot be looked at later. To keep it, give "
                    "--type standard."
                )
            with leaving() as left:
                handle = open_run(loaded, value, options)
                name = handle.name
                left.by(handle.leave)
                result = handle.run_until_left()
    if result is None:
        from penstock.durable.words import naming

        left.end(ctx, ["penstock", "resume", "--db", str(db), *naming(str(name))])
        return
    ctx.exit(results.show(result, history=history, as_json=as_json, virtual=pace == "skip", quiet=quiet))


def _many_in_file(
    ctx: click.Context, machine: Machine, inputs: list[Json], options: RunOptions, *, quiet: bool
) -> NoReturn:
    """Interrupted, it ends with the command to repeat: what has run is not run again then."""
    from penstock.durable import run_many_in_file

    name = options.get("name")
    with warnings_shown(), leaving() as left:
        call, kind = open_call(machine, options)
        with call:
            left.by(call.driver.leave)
            found = run_many_in_file(call, inputs, kind=kind, name=name, at_once=AT_ONCE)
            code = results.many(found, quiet=quiet or call.driver.left)
    if left.number is not None:
        left.end(ctx, ["penstock", *sys.argv[1:]])
    ctx.exit(code)


def _read_lines(file: str) -> list[Json]:
    """Every line is read and checked before anything runs, so a mistake in the last one costs nothing."""
    inputs: list[Json] = []
    for number, line in enumerate(read_bytes(file, "--map-inputs").splitlines(), 1):
        if line.strip():
            what = f"{file} line {number}"
            try:
                inputs.append(check_input(loads(line, what=what), what=what))
            except JsonError as error:
                raise InvalidInput(str(error)) from None
    if not inputs:
        raise InvalidInput(f"--map-inputs: {file} holds no line with an input.")
    return inputs
