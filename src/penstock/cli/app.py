"""The command and what surrounds every subcommand: loading it only when it is called, and how the process ends.

Exit codes: 0 done · 1 the run did not succeed, or a check found errors · 2 wrong usage · 3 the target does not read or
compile · 4 the environment lacks something · 70 a bug in Penstock · 130 interrupted · 141 nobody reads the output ·
143 terminated.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module

import click

from penstock.cli import output
from penstock.errors import InvalidDefinition, MissingRequirement, PenstockError
from penstock.signals import Terminated

COMMANDS = {
    "run": ("penstock.cli.run", "Run a workflow here and now."),
    "compile": ("penstock.cli.compile", "Write the States Language of a workflow."),
    "check": ("penstock.cli.check", "Report every problem of workflows at once."),
    "explain": ("penstock.cli.explain", "Show the page of a diagnostic code."),
    "graph": ("penstock.cli.graph", "Draw a workflow."),
    "state": ("penstock.cli.state", "Run one state alone, as AWS's TestState does."),
    "import": ("penstock.cli.importing", "Write a definition as a Python program."),
    "services": ("penstock.cli.services", "Write typed tasks for AWS services."),
    "mocks": ("penstock.cli.mocks", "Write a mock file to begin a test with."),
    "resume": ("penstock.cli.resume", "Take up what penstock run --db did not end."),
    "redrive": ("penstock.cli.resume:redrive", "Let what failed go on from there."),
    "runs": ("penstock.cli.runs", "List, show and stop executions of a file or a server."),
    "server": ("penstock.cli.server", "Answer AWS's clients as Step Functions does."),
    "new": ("penstock.cli.new", "Make a project that runs and passes its tests."),
    "completion": ("penstock.cli.completion", "Print the completion script of a shell."),
}
"""Name → (module whose `command` it is, or module:name, its line in --help). The line stands here so that help imports no command."""

COMPLETION = "_PENSTOCK_COMPLETE"
"""The variable by which a shell asks for completions."""

BUG = 70
INTERRUPTED = 130
BROKEN_PIPE = 141
TERMINATED = 143


class LazyGroup(click.Group):
    """Imports a subcommand's module when the subcommand is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), name or "command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, words) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches

            close = get_close_matches(args[0], COMMANDS, 1)
            hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(COMMANDS)}."
            raise click.UsageError(f"There is no command {args[0]!r}; {hint}", ctx)
        return super().resolve_command(ctx, args)


def _version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from penstock._version import __version__

        output.result(f"penstock {__version__}\n")
        ctx.exit()


@click.command(
    cls=LazyGroup,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "max_content_width": 100,
    },
    epilog="TARGET is a script (project.py), a definition (*.asl.json, *.asl.yaml, *.json), - for a definition on stdin, or a "
    "workflow composed from objects (file.py:name, package.module:name).",
)
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version.")
def root() -> None:
    """Workflows for AWS Step Functions: check, run, draw and compile them."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code; never lets an exception out."""
    try:
        code = _run(list(sys.argv[1:] if arguments is None else arguments))
        try:
            with output.refused_writes():
                sys.stdout.flush()
        except MissingRequirement as error:
            _silence()
            if code != error.exit_code:  # else it has been said
                output.problem(str(error))
            return error.exit_code
        return code
    except BrokenPipeError:
        # What is left in the buffer has no reader; without this Python complains about it while it shuts down.
        _silence()
        return BROKEN_PIPE


def _run(arguments: list[str]) -> int:
    try:
        if instruction := os.environ.get(COMPLETION):
            from click.shell_completion import shell_complete

            return shell_complete(root, {}, "penstock", COMPLETION, instruction)
        # Not `root.main`: that answers a closed pipe with exit code 1, which says here that a run failed.
        with root.make_context("penstock", arguments) as context:
            root.invoke(context)
        return 0
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        with output.unheard_words():
            error.show(sys.stderr)
        return error.exit_code
    except InvalidDefinition as error:
        output.invalid(error)
        return error.exit_code
    except PenstockError as error:
        output.problem(str(error))
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        if output.is_terminal(sys.stderr):
            output.note("")  # the terminal has written ^C into the line
        output.problem("Interrupted.")
        return INTERRUPTED
    except Terminated:
        output.problem("Terminated.")
        return TERMINATED
    except BrokenPipeError:
        raise
    except FileNotFoundError as error:
        try:
            os.getcwd()
        except OSError:
            output.problem("The folder that this command was started in is gone. Change into another one.")
            return MissingRequirement.exit_code
        return _bug(error)
    except Exception as error:
        return _bug(error)


def _bug(error: Exception) -> int:
    """It is said in one sentence, with the traceback for those who ask for it."""
    if os.environ.get("PENSTOCK_DEBUG"):
        import traceback

        traceback.print_exception(error)
    output.problem(
        f"This is a bug in Penstock ({type(error).__name__}: {str(error)[:300]}). Please report it; with PENSTOCK_DEBUG=1 it "
        "prints the traceback to send along."
    )
    return BUG


def _silence() -> None:
    devnull = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(devnull, stream.fileno())
