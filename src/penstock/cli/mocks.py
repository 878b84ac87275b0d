"""`penstock mocks`: a mock file to begin with."""

from __future__ import annotations

import shlex
from io import BytesIO
from pathlib import Path
from typing import cast

import click

from penstock.api import Machine, load, run
from penstock.asl.samples import CASE, Samples, samples
from penstock.cli import output
from penstock.cli.options import machine_option, parameter_option, parse_parameters, parse_variables, var_option
from penstock.errors import UsageError
from penstock.options import MachineType

_SHOWN = 500
"""An input of more characters than this is better kept in a file."""


@click.command("mocks")
@click.argument("target")
@machine_option
@click.option("-o", "--output", "file", metavar="FILE", help="Write the mock file there instead of to stdout.")
@click.option("--write-input", metavar="FILE", help="Write an input that goes with it.")
@click.option("--write-objects", metavar="FOLDER", help="Write the objects that Maps read, a folder for each bucket.")
@click.option("--case", default=CASE, show_default=True, metavar="NAME", help="The name of the test case.")
@click.option("--force", is_flag=True, help="Replace files that are there.")
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
def command(
    target: str,
    machine: str | None,
    file: str | None,
    write_input: str | None,
    write_objects: str | None,
    case: str,
    force: bool,
    variables: tuple[str, ...],
    parameters: tuple[str, ...],
    kind: str | None,
) -> None:
    """Write a mock file for TARGET, with an answer for each task.

    The answers have what later states read, so a run with them goes through; put real values in their place.
    """
    for each in (file, write_input):
        _free(each, force=force)
    values = parse_variables(variables)
    loaded = load(target, machine, parameters=parse_parameters(parameters))
    asked = kind
    kind = kind or loaded.type
    definition, _ = loaded.prepare(type=cast(MachineType, kind.upper()), substitutions=values)
    # The longest way shows most; where no data can be found for it, the shortest is better than one that fails.
    made = samples(definition)
    succeeded, ending = _tried(loaded, made, case, kind, values)
    if not succeeded:
        shorter = samples(definition, way="end")
        succeeded, other = _tried(loaded, shorter, case, kind, values)
        if succeeded:
            made, ending = shorter, other
    text = output.json_text(made.mock_config(loaded.name, case)) + "\n"
    if write_objects:
        _put(made, Path(write_objects), force=force)
    if write_input:
        output.write_file(write_input, output.json_text(made.input) + "\n")
    if file:
        output.write_file(file, text)
    else:
        output.result(text)
    output.note(ending)
    if file:
        options = [word for pair in parameters for word in ("--parameter", pair)]
        options += [] if asked is None else ["--type", asked]
        output.note(_how_to_run(target, machine, file, write_input, write_objects, made, variables, options))


def _free(file: str | None, *, force: bool) -> None:
    """A mock file gets edited by hand: it is not replaced unasked."""
    if file is None:
        return
    output.check_writable(file)
    if not force and Path(file).is_file():
        raise UsageError(f"{file} is there already; give --force to replace it.")


def _tried(machine: Machine, made: Samples, case: str, kind: str, values: dict[str, str]) -> tuple[bool, str]:
    result = run(
        machine,
        made.input,
        mocks={"config": made.mock_config(machine.name, case), "state_machine": machine.name, "case": case},
        objects={bucket: dict(objects) for bucket, objects in made.objects.items()},
        time="skip",
        type=cast(MachineType, kind.upper()),
        substitutions=values,
    )
    if result.succeeded:
        return True, "A run with these answers ends SUCCEEDED."
    where = f" in the state {result.failed_state!r}" if result.failed_state else ""
    return False, f"A run with these answers ends {result.status}{where}: {result.error}: {result.cause}"


def _put(made: Samples, folder: Path, *, force: bool) -> None:
    from penstock.engine.objects import FolderObjects, ObjectError

    try:
        for bucket in made.objects:
            if "/" in bucket or bucket in (".", ".."):
                raise UsageError(f"The bucket name {bucket!r} cannot be a folder's; the machine is given a wrong one.")
            (folder / bucket).mkdir(parents=True, exist_ok=True)
        folder.mkdir(parents=True, exist_ok=True)
        store = FolderObjects(folder)
        for bucket, objects in made.objects.items():
            for key, content in objects.items():
                if not force and (folder / bucket / key).is_file():
                    raise UsageError(f"{folder / bucket / key} is there already; give --force to replace it.")
                store.put(bucket, key, BytesIO(content.encode()))
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror or error}.") from None
    except ValueError:
        raise UsageError("A bucket's name is none that a folder can have.") from None
    except ObjectError as error:
        raise UsageError(f"{folder} cannot be written: {error.message}.") from None


def _how_to_run(
    target: str,
    machine: str | None,
    file: str,
    write_input: str | None,
    write_objects: str | None,
    made: Samples,
    variables: tuple[str, ...],
    options: list[str],
) -> str:
    text = output.json_text(made.input, indent=None)
    given = f"@{write_input}" if write_input else text if len(text) <= _SHOWN else "@FILE"
    words = ["penstock", "run", target, "--mock", file, "--input", given, "--time", "skip"]
    words += ["--machine", machine] if machine else []
    words += options
    for each in variables:
        words += ["--var", each]
    before = f"PENSTOCK_AWS_OBJECTS={shlex.quote(write_objects)} " if write_objects else ""
    return f"Run it: {before}{shlex.join(words)}"
