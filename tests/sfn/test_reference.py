"""The reference leaves nothing out, and every code of this front end is explained and met by a test."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from penstock import sfn as sf
from penstock.sfn import tasks
from penstock.sfn.codes import CATALOGUE
from penstock.sfn.states.task import ServiceTask

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = (ROOT / "docs" / "reference" / "sfn.md").read_text(encoding="utf-8")
TESTS = "".join(each.read_text(encoding="utf-8") for each in Path(__file__).parent.glob("test_*.py"))


def test_every_task_is_in_the_reference() -> None:
    made = [
        name for name in dir(tasks) if isinstance(cls := getattr(tasks, name), type) and issubclass(cls, ServiceTask)
    ]
    assert [name for name in made if f"`{name}`" not in REFERENCE and f".{name}(" not in REFERENCE] == []


def test_every_state_is_in_the_reference() -> None:
    made = [name for name in sf.__all__ if isinstance(cls := getattr(sf, name), type) and issubclass(cls, sf.State)]
    assert [name for name in made if f"`{name}`" not in REFERENCE and name != "State"] == []


@pytest.mark.parametrize("code", CATALOGUE)
def test_every_code_is_explained_and_tested(code: str) -> None:
    entry = CATALOGUE[code]
    assert all((entry.title, entry.explanation, entry.example, entry.remedy))
    assert re.search(rf'"{code}"|\[{code}\]|match="{code}', TESTS), f"no test meets {code}"
