"""Programs and the States Language they compile to: `good/NAME.script` and `good/NAME.asl.json`.

After a change of shape on purpose: `PENSTOCK_REWRITE=1 pytest tests/script/test_good_programs.py`, then read the difference.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.script.scripts import compiled

from penstock.asl.write import write

SCRIPTS = sorted((Path(__file__).parent / "good").glob("*.script"))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_definition(path: Path) -> None:
    project = compiled(path.read_text(encoding="utf-8"), tasks=False)
    text = write(project.machines["main"].definition)
    expected = path.with_suffix(".asl.json")
    if os.environ.get("PENSTOCK_REWRITE"):
        expected.write_text(text, encoding="utf-8")
    assert text == expected.read_text(encoding="utf-8")
