"""The code blocks of a Markdown page, and what it takes to run them as the story they tell.

| block | what happens |
|---|---|
| any language with `title="name"` | written to that file in the page's folder; a `project.py` must also compile without a problem |
| `python` without a title | executed, in one namespace a page |
| `console` | every `$ command` is run by bash in the page's folder; the lines under it are its output |
| anything else (`text`, `json`, …) | shown only |

In an expected output a line `...` stands for any number of lines, and `...` within a line for any text.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_FENCE = re.compile(r"^(?P<indent> *)(?P<ticks>`{3,})(?P<language>[\w+-]*) *(?P<options>.*)$")
_TITLE = re.compile(r'title="([^"]+)"')


@dataclass(frozen=True)
class Block:
    page: Path
    line: int
    language: str
    title: str | None
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def pages() -> list[Path]:
    """Every page a reader sees: the READMEs and the documentation."""
    return [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md")), *sorted(ROOT.glob("examples/*/README.md"))]


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page in order. Raises ValueError for a fence that is never closed."""
    found: list[Block] = []
    lines = iter(enumerate(page.read_text(encoding="utf-8").splitlines(), start=1))
    for number, line in lines:
        opening = _FENCE.match(line)
        if not opening:
            continue
        indent, body = len(opening["indent"]), []
        for _, inner in lines:
            if inner.strip() == opening["ticks"]:
                break
            body.append(inner[indent:] if not inner[:indent].strip() else inner)
        else:
            raise ValueError(f"{page}:{number}: this code block is never closed")
        title = _TITLE.search(opening["options"])
        found.append(
            Block(
                page, number, opening["language"], title[1] if title else None, "\n".join(body) + "\n" if body else ""
            )
        )
    return found


def commands(block: Block) -> Iterator[tuple[str, str]]:
    """The commands of a `console` block, each with the output the page promises. A command goes on after `\\`."""
    command: str | None = None
    output: list[str] = []
    for line in block.text.splitlines():
        if command is not None and command.endswith("\\") and not output:
            command += "\n" + line.removeprefix("> ")
        elif line.startswith("$ "):
            if command is not None:
                yield command, "\n".join(output)
            command, output = line[2:], []
        elif command is None:
            raise ValueError(f"{block}: a console block starts with `$ command`")
        else:
            output.append(line)
    if command is not None:
        yield command, "\n".join(output)


def run(command: str, folder: Path, *, previous: int = 0) -> tuple[str, int]:
    """What a terminal would show (both streams), and the exit code. `previous` is what `$?` gives."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PENSTOCK_")}
    environment |= {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "NO_COLOR": "1",
        "COLUMNS": "120",
    }
    done = subprocess.run(
        ["bash", "-c", f"(exit {previous})\n{command}"],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout, done.returncode


def matches(expected: str, actual: str) -> bool:
    """Whether an output is what the page promises; trailing blanks and the last empty lines do not count."""
    pattern: list[str] = []
    for line in _trimmed(expected):
        if line.strip() == "...":
            pattern.append(r"(?:.*\n)*?")
        else:
            pattern.append(".*".join(re.escape(part) for part in line.split("...")) + r"\n")
    return re.fullmatch("".join(pattern), "".join(f"{line}\n" for line in _trimmed(actual))) is not None


def _trimmed(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().splitlines()]
