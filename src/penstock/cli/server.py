"""`penstock server`: Step Functions and Lambda on a port of this machine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from penstock.cli import output
from penstock.cli.options import parameter_option, parse_parameters
from penstock.config import LOG_FORMATS, LOG_LEVELS, Settings, is_host, load_settings
from penstock.errors import UsageError
from penstock.targets import open_target

if TYPE_CHECKING:
    from penstock.services.lambda_ import Registration


@click.command("server")
@click.argument("target", required=False)
@click.option(
    "--db",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="The database file to keep machines and executions in; what ran in it goes on. Without one, memory.",
)
@click.option("--host", help="The address to listen on; 127.0.0.1 by default.")
@click.option("--port", type=click.IntRange(0, 65535), help="The port; 0 takes a free one, 4599 by default.")
@click.option(
    "--token",
    metavar="TEXT",
    envvar="PENSTOCK_TOKEN",
    show_envvar=True,
    help="What requests must show: as bearer token, or as the access key that they are signed with.",
)
@click.option(
    "--allow-host",
    "hosts",
    metavar="NAME",
    multiple=True,
    help="A further name that clients reach this server under. Repeatable.",
)
@click.option(
    "--functions",
    metavar="FOLDER",
    envvar="PENSTOCK_FUNCTIONS",
    show_envvar=True,
    help="A folder of Lambda functions: a Python file or a subfolder for each.",
)
@parameter_option
@click.option("--log-format", type=click.Choice(LOG_FORMATS), help="How the log on stderr is written; text by default.")
@click.option("--log-level", type=click.Choice(LOG_LEVELS), help="From which level on; warning by default.")
def command(
    target: str | None,
    db: str | None,
    host: str | None,
    port: int | None,
    token: str | None,
    hosts: tuple[str, ...],
    functions: str | None,
    parameters: tuple[str, ...],
    log_format: str | None,
    log_level: str | None,
) -> None:
    """Answer AWS's clients as Step Functions and Lambda do, until Ctrl-C. Without --db, nothing outlives the process.

    The machines and functions of TARGET are there from the start. Prints the environment that points boto3, the AWS CLI and
    their like here. GET /health and GET /metrics tell how it is.
    """
    given_parameters = parse_parameters(parameters)
    if target is None and given_parameters:
        raise UsageError("--parameter goes with a TARGET that is a template.")
    for name in hosts:
        if not is_host(name):
            raise UsageError(
                f"--allow-host takes the name of a host without a port, such as workflows.test; {name!r} is none."
            )
    opened = open_target(target, parameters=given_parameters) if target is not None else None
    if opened is not None and opened.template is not None:
        output.diagnostics(opened.diagnostics)  # functions that cannot run here; the others are served
    settings = load_settings(opened.folder if opened is not None else None)
    given: dict[str, Any] = {"host": host, "port": port, "log_format": log_format, "log_level": log_level}
    if db is not None:
        given["db"] = Path(db)
    server = replace(settings.server, **{key: value for key, value in given.items() if value is not None})
    from penstock.server.logs import start_logging
    from penstock.server.run import serve

    start_logging(server.log_level, server.log_format)
    _tell_names(settings)
    registrations = _functions(functions) if functions is not None else ()
    serve(
        host=server.host,
        port=server.port,
        token=token,
        settings=replace(settings, server=server),
        hosts=(*server.hosts, *hosts),
        target=opened,
        functions=registrations,
        started=lambda url: _tell(url, token, settings),
    )
    output.note("The server has ended.")


def _functions(folder: str) -> tuple[Registration, ...]:
    from penstock.services.lambda_.folders import functions_in

    found = functions_in(Path(folder))
    for sentence in found.left_out:
        output.problem(sentence)
    return found.functions


def _tell_names(settings: Settings) -> None:
    from penstock.engine.tasks.lambdas import function_name
    from penstock.services.lambda_.records import is_function_name

    for key in settings.functions:
        if not is_function_name(function_name(key)):
            output.problem(
                f"{settings.file}: no client can call the function {key!r}: a name has up to 64 letters, digits, - and _. Rename it."
            )


def _tell(url: str, token: str | None, settings: Settings) -> None:
    output.note(f"Step Functions and Lambda answer at {url} as account {settings.aws.account}. Ctrl-C ends it.")
    url = url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")  # no client connects to these
    lines = [
        f"export AWS_ENDPOINT_URL_SFN={url}",
        f"export AWS_ENDPOINT_URL_LAMBDA={url}",
        f"export AWS_ENDPOINT_URL_CLOUDWATCH_LOGS={url}",
        # Else clients put "sync-" before the host for StartSyncExecution and TestState, and no such name is found.
        "export AWS_DISABLE_HOST_PREFIX_INJECTION=true",
        f"export AWS_ACCESS_KEY_ID={'${PENSTOCK_TOKEN}' if token is not None else 'penstock'}",
        "export AWS_SECRET_ACCESS_KEY=penstock",
        f"export AWS_DEFAULT_REGION={settings.aws.region}",
    ]
    output.result("\n".join(lines) + "\n")
