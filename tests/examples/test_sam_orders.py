"""Every way through `examples/sam_orders`, by the command a reader types."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.examples.command import EXAMPLES, Outcome
from tests.server.process import MAIN


def run(folder: Path, *options: str, **changes: Any) -> Outcome:
    shutil.copytree(EXAMPLES / "sam_orders", folder, dirs_exist_ok=True)
    value = json.loads((folder / "input.json").read_text()) | changes
    command = [*MAIN[:-1], "run", "template.yaml", "--machine", "Orders", "--input", json.dumps(value)]
    command += ["--time", "skip", "--history", "history.json", *options]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    history = json.loads((folder / "history.json").read_text())["events"]
    return Outcome(done.returncode, done.stdout, done.stderr, history)


def test_an_order_is_checked_charged_and_shipped_by_the_nested_machine(tmp_path: Path) -> None:
    outcome = run(tmp_path)
    assert outcome.exit_code == 0, outcome.stderr
    assert outcome.output["shipping"] == {"label": "o-1 by PrintLabel"}
    assert outcome.output["stock"] == {"available": True, "left": 3, "warehouse": "cellar"}
    assert outcome.states() == ["Check stock", "In stock?", "Charge", "Ship"]
    assert "Charge: charged 50" in outcome.stderr


def test_what_is_sold_out_is_not_charged(tmp_path: Path) -> None:
    outcome = run(tmp_path, article="sofa")
    assert outcome.exit_code == 1
    assert "SoldOut" in outcome.stderr
    assert "Charge" not in outcome.states()


def test_too_much_for_this_stage_is_refused_and_taken_in_the_other(tmp_path: Path) -> None:
    refused = run(tmp_path, amount=5000)
    assert refused.exit_code == 1
    assert "TooMuch" in refused.stderr
    assert "5000 is more than 1000 in dev" in refused.stderr
    assert run(tmp_path, "--parameter", "Stage=prod", amount=5000).output["stock"]["warehouse"] == "basel"
