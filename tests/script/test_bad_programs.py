"""Programs that are refused, each with the message as a user reads it: `bad/NAME.script` and `bad/NAME.expected`.

After a wording is changed on purpose: `PENSTOCK_REWRITE=1 pytest tests/script/test_bad_programs.py`, then read the difference.
"""

from __future__ import annotations

import os
import re
import textwrap
from pathlib import Path

import pytest
from tests.script.scripts import TASKS

from penstock.diagnostics import render_text
from penstock.script import compile_project
from penstock.script.codes import CATALOGUE

FOLDER = Path(__file__).parent / "bad"
SCRIPTS = sorted(FOLDER.glob("*.script"))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_message(path: Path) -> None:
    project = compile_project(path.read_bytes(), name="project.py")
    rendered = "\n".join(render_text(diagnostic) for diagnostic in project.diagnostics) + "\n"
    expected = path.with_suffix(".expected")
    if os.environ.get("PENSTOCK_REWRITE"):
        expected.write_text(rendered, encoding="utf-8")
    assert rendered == expected.read_text(encoding="utf-8")
    code = re.match(r"PS\d{3}", path.stem)
    if code:
        assert code[0] in {diagnostic.code for diagnostic in project.diagnostics}


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_every_error_says_where_and_what_to_write(path: Path) -> None:
    for diagnostic in compile_project(path.read_bytes()).diagnostics:
        assert diagnostic.span is not None
        assert diagnostic.help or diagnostic.code == "PS005"
        assert diagnostic.severity is CATALOGUE[diagnostic.code].severity


def test_every_code_has_a_bad_program() -> None:
    # PS001 to PS004 and PS604 are about files that nobody wants to keep; test_bad_input makes them.
    elsewhere = {"PS001", "PS002", "PS003", "PS004", "PS604"}
    shown = {path.stem[:5] for path in SCRIPTS}
    assert set(CATALOGUE) - shown - elsewhere == set()


@pytest.mark.parametrize("code", CATALOGUE)
def test_every_code_is_explained(code: str) -> None:
    entry = CATALOGUE[code]
    assert entry.code == code
    for text in (entry.title, entry.explanation, entry.example, entry.remedy):
        assert text.strip()
    assert entry.explanation.endswith(".")
    assert entry.remedy.endswith((".", "`", ")"))
    assert not entry.title.endswith(".")


def test_no_code_but_the_catalogue_s_is_used() -> None:
    root = Path(__file__).parents[2] / "src" / "penstock" / "script"
    used = {
        code for path in root.rglob("*.py") for code in re.findall(r'"(PS\d{3})"', path.read_text(encoding="utf-8"))
    }
    assert used == set(CATALOGUE)


@pytest.mark.parametrize("code", sorted(set(CATALOGUE) - {"PS001", "PS002", "PS003", "PS004", "PS604"}))
def test_the_example_of_a_code_gets_it(code: str) -> None:
    example = CATALOGUE[code].example
    ways = (
        example,
        f"{TASKS}{example}",
        f"{example}\n\ndef main(data):\n    Foo()\n",
        f"{TASKS}def main(data):\n{textwrap.indent(example, '    ')}\n",
    )
    assert any(code in {d.code for d in compile_project(way).diagnostics} for way in ways)
