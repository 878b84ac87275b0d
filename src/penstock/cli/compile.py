"""`penstock compile`: the States Language of a target, byte-stable."""

from __future__ import annotations

from pathlib import Path

import click

from penstock.api import Machine
from penstock.cli import output
from penstock.cli.options import machine_option, parameter_option, parse_parameters, parse_variables, var_option
from penstock.errors import InvalidDefinition, UsageError
from penstock.targets import open_target


@click.command("compile")
@click.argument("target")
@machine_option
@click.option(
    "--all", "everything", is_flag=True, help="Every machine of the target; with -o a folder gets a file each."
)
@click.option("--yaml", "as_yaml", is_flag=True, help="YAML instead of JSON.")
@click.option("-o", "--output", "file", metavar="FILE", help="Write there instead of to stdout.")
@click.option("--source-map", metavar="FILE", help="Write which source line made each state, as JSON.")
@var_option
@parameter_option
def command(
    target: str,
    machine: str | None,
    everything: bool,
    as_yaml: bool,
    file: str | None,
    source_map: str | None,
    variables: tuple[str, ...],
    parameters: tuple[str, ...],
) -> None:
    """Write the States Language of TARGET.

    Exit code 3 where it does not compile, with every problem on stderr and nothing on stdout.
    """
    values = parse_variables(variables)
    if everything and machine:
        raise UsageError("--all and --machine exclude each other; leave one out.")
    opened = open_target(target, parameters=parse_parameters(parameters))
    chosen = list(opened.machines.values()) if everything and opened.machines else [opened.machine(machine)]
    machines = [Machine(opened, each) for each in chosen]
    found = {id(each): each for m in machines for each in m.check()}.values()
    if any(each.is_error for each in found):
        raise InvalidDefinition(f"{target} does not compile.", list(found))
    output.diagnostics(found)
    if values:
        machines = [each.substituted(values) for each in machines]
    ending = "yaml" if as_yaml else "json"
    texts = {each.name: each.to_yaml() if as_yaml else each.to_json() for each in machines}
    if everything and file:
        folder = Path(file)
        if folder.exists() and not folder.is_dir():
            raise UsageError(f"With --all, -o names a folder; {file} is a file.")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"{file} cannot be made: {error.strerror or error}.") from None
        for name, text in texts.items():
            output.write_file(folder / f"{name}.asl.{ending}", text)
    elif everything and not as_yaml:
        output.result_json({each.name: each.to_dict() for each in machines})
    elif everything:
        output.result("".join(f"---\n# {name}\n{text}" for name, text in texts.items()))
    elif file:
        output.write_file(file, texts[machines[0].name])
    else:
        output.result(texts[machines[0].name])
    if source_map:
        maps = [each.source_map() for each in machines]
        output.write_file(source_map, output.json_text(maps if everything else maps[0]) + "\n")
