"""`penstock new`: a project that runs and passes its own tests."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

import click

from penstock.cli import output
from penstock.errors import UsageError

_PROJECT = '''"""{title}: greets everybody on a list, politely and at the same time."""

from penstock.script import Task, map, retry


class Busy(Exception):
    """The greeter is talking to somebody else."""


class Greet(Task):
    timeout = 30

    async def run(event, context):
        if not event["name"]:
            raise ValueError("nobody to greet")
        return f"Hello, {{event['name']}}!"


class Count(Task):
    async def run(event, context):
        return len(event)


def greet_one(data):
    try:
        with retry(on_exceptions=[Busy], interval=2, max_attempts=3):
            data["greeting"] = Greet(data)
    except ValueError:
        data["greeting"] = "Hello, whoever you are!"
    return data["greeting"]


def main(data):
    data["greetings"] = map(data["people"], greet_one, max_concurrency=5)
    data["count"] = Count(data["greetings"])
'''

_TEST = '''import json
from pathlib import Path

import penstock

HERE = Path(__file__).parent
INPUT = json.loads((HERE / "input.json").read_text())


def test_it_compiles_without_a_problem():
    assert penstock.load(HERE / "project.py").check() == []


def test_everybody_is_greeted():
    result = penstock.run(HERE / "project.py", INPUT)

    assert result.status == "SUCCEEDED", result.cause
    assert result.output["greetings"] == ["Hello, Ada!", "Hello, Grace!", "Hello, whoever you are!"]
    assert result.output["count"] == 3


def test_a_busy_greeter_is_asked_again():
    """The mocked greeter is busy twice; on a virtual clock the four seconds between take no time."""
    result = penstock.run(HERE / "project.py", {{"people": [{{"name": "Ada"}}]}}, mocks=HERE / "mocks.json", time="skip")

    assert result.status == "SUCCEEDED", result.cause
    assert result.output["greetings"] == ["Hi Ada"]
'''

_MOCKS = """{
  "StateMachines": {
    "main": {
      "TestCases": {
        "BusyTwice": { "Greet": "BusyThenHi" }
      }
    }
  },
  "MockedResponses": {
    "BusyThenHi": {
      "0-1": { "Throw": { "Error": "Busy", "Cause": "one moment" } },
      "2": { "Return": "Hi Ada" }
    }
  }
}
"""

_INPUT = '{ "people": [{ "name": "Ada" }, { "name": "Grace" }, { "name": "" }] }\n'

_README = """# {title}

    penstock run project.py --input @input.json      # run it here and now
    penstock check project.py                        # every problem, with what to write instead
    penstock graph project.py -o {name}.svg          # the picture
    penstock compile project.py                      # the States Language
    pytest                                           # the tests: pip install pytest

`project.py` is the workflow: `main` is the state machine, `run` of each `Task` class the code of one task. It is parsed,
never imported. `mocks.json` answers for tasks in a test.
"""

_SETTINGS = """# Settings of Penstock; every key has a default.

# [functions]                                 # what answers for a Lambda function in a local run
# "OrderValidator" = "orders:validate"        # module:callable, called as handler(event, context)

# [aws]
# region = "eu-west-1"
"""

_IGNORE = ".penstock/\n__pycache__/\n.pytest_cache/\n"


@click.command("new")
@click.argument("name")
def command(name: str) -> None:
    """Make the folder NAME with a project that runs and passes its tests."""
    folder = Path(name)
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,63}", folder.name):
        raise UsageError(
            f"A project's name begins with a letter and has letters, digits, - and _, 64 at most; {folder.name!r} has not."
        )
    if folder.exists() or folder.is_symlink():
        raise UsageError(f"{name} exists already; choose another name or remove it.")
    write_project(folder)
    output.note(f"Made {name}. Try: cd {name} && penstock run project.py --input @input.json")


def write_project(folder: Path) -> None:
    """All files of a new project, or nothing: the folder appears whole. Raises UsageError where it cannot be made."""
    name = folder.name
    title = name.replace("_", " ").replace("-", " ").capitalize()
    files = {
        "project.py": _PROJECT.format(title=title),
        "test_project.py": _TEST.replace("{{", "{").replace("}}", "}"),
        "mocks.json": _MOCKS,
        "input.json": _INPUT,
        "README.md": _README.format(title=title, name=name),
        "penstock.toml": _SETTINGS,
        ".gitignore": _IGNORE,
    }
    temporary: str | None = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = tempfile.mkdtemp(prefix=f".{name[:30]}.", dir=folder.parent)
        for file, text in files.items():
            Path(temporary, file).write_text(text, "utf-8")
        os.chmod(temporary, 0o755)
        os.rename(temporary, folder)
    except OSError as error:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
        raise UsageError(f"{folder} cannot be made: {error.strerror or error}.") from None
