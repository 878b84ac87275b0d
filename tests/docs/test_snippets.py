"""What README, the documentation and the examples show is what happens."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
from tests.docs import snippets

from penstock.diagnostics import render_text

PAGES = [
    page
    for page in snippets.pages()
    if any(b.language in {"python", "console"} or b.title for b in snippets.blocks(page))
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(snippets.ROOT)))
def test_the_snippets_of_a_page_do_what_it_says(page: Path, tmp_path: Path) -> None:
    # An example's README is read inside its folder; a copy keeps what it writes out of the tree.
    folder = tmp_path / page.parent.name
    if page.parent.parent.name == "examples":
        shutil.copytree(page.parent, folder, ignore=shutil.ignore_patterns("__pycache__", "build"))
    else:
        folder.mkdir()
    try:
        follow(page, folder)
    finally:
        for left in folder.glob("*.pid"):  # a server that a page leaves running where one of its commands fails
            with contextlib.suppress(ProcessLookupError, ValueError):
                os.kill(int(left.read_text()), signal.SIGKILL)


def follow(page: Path, folder: Path) -> None:
    namespace: dict[str, Any] = {"__name__": "snippet"}
    exit_code = 0
    for block in snippets.blocks(page):
        if block.title:
            target = folder / block.title
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(block.text, encoding="utf-8")
            if target.name == "project.py":
                assert_compiles(block)
        elif block.language == "python":
            with contextlib.chdir(folder):
                exec(compile("\n" * block.line + block.text, str(page), "exec"), namespace)  # noqa: S102 - our own pages
        elif block.language == "console":
            for command, expected in snippets.commands(block):
                actual, exit_code = snippets.run(command, folder, previous=exit_code)
                assert snippets.matches(expected, actual), (
                    f"{block}: {command}\n--- the page says\n{expected}\n--- it prints\n{actual}"
                )


def assert_compiles(block: snippets.Block) -> None:
    from penstock.script import compile_project

    problems = compile_project(block.text, name=str(block)).diagnostics
    assert not problems, "\n".join(map(render_text, problems))


@pytest.mark.parametrize(
    ("expected", "actual", "same"),
    [
        ("a\nb", "a\nb\n", True),
        ("a", "a\nb\n", False),
        ("a\n...\nd", "a\nb\nc\nd\n", True),
        ("a\n...\nd", "a\nd\n", True),
        ("took ... s", "took 1.25 s\n", True),
        ("took ... s", "took 1.25 ms\n", False),
        ("", "something\n", False),
        ("a.c", "abc\n", False),
    ],
)
def test_an_expected_output(expected: str, actual: str, same: bool) -> None:
    assert snippets.matches(expected, actual) is same


def test_blocks_and_commands_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        '# T\n\n```json title="in.json"\n{}\n```\n\n    ```console\n    $ a \\\n    >   b\n    out\n    $ c\n    ```\n'
    )
    first, second = snippets.blocks(page)
    assert (first.language, first.title, first.text) == ("json", "in.json", "{}\n")
    assert list(snippets.commands(second)) == [("a \\\n  b", "out"), ("c", "")]
    page.write_text("```python\n1\n")
    with pytest.raises(ValueError, match="never closed"):
        snippets.blocks(page)


def test_a_command_sees_the_exit_code_before_it(tmp_path: Path) -> None:
    _, code = snippets.run("exit 3", tmp_path)
    assert snippets.run("echo $?", tmp_path, previous=code) == ("3\n", 0)
