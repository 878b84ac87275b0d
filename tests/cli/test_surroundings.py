"""What surrounds the command: Ctrl-C before it has begun, a full disk behind stdout, texts that are not UTF-8."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import MAIN, Penstock

FULL = Path("/dev/full")


def test_ctrl_c_while_the_command_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("raise KeyboardInterrupt\n")  # where it comes cannot be chosen otherwise
    for command in ([sys.executable, "-m", "penstock"], MAIN):
        done = subprocess.run(
            [*command, "--version"],
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout, done.stderr) == (130, "", "penstock: Interrupted.\n")


@pytest.mark.skipif(not FULL.exists(), reason="a system without /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_an_output_that_cannot_be_written(folder: Path, unbuffered: str) -> None:
    with FULL.open("w") as full:
        done = subprocess.run(
            [*MAIN, "run", "one.asl.json", "-q"],
            cwd=folder,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (
        4,
        "penstock: The output cannot be written: No space left on device. Give stdout another place.\n",
    )


def test_an_input_that_is_not_utf_8(folder: Path) -> None:
    def run(text: bytes, **environment: str) -> subprocess.CompletedProcess[bytes]:
        command = [*(os.fsencode(each) for each in MAIN), b"run", b"one.asl.json", b"-q", b"--input", text]
        return subprocess.run(command, cwd=folder, env={**os.environ, **environment}, capture_output=True, check=False)

    done = run(b'"\xff"')
    assert (done.returncode, done.stderr) == (2, b"penstock: --input is not UTF-8 text (byte 1); encode it as UTF-8.\n")
    # Without a locale, Python takes the bytes of UTF-8 for no characters at all.
    (folder / "one.asl.json").write_text('{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}')
    plain = run('"é"'.encode(), LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert (plain.returncode, plain.stdout, plain.stderr) == (0, '"é"\n'.encode(), b"")


def test_a_server_whose_name_no_one_can_look_up(penstock: Penstock) -> None:
    for host in ("\udcff", "a" * 64 + ".test", "a..b"):
        done = penstock("runs", "list", "--endpoint", f"http://{host}")
        assert done.code in (2, 4)
        assert done.err.count("\n") == 1
        assert "bug" not in done.err


def test_commands_to_copy_are_quoted(penstock: Penstock) -> None:
    assert penstock("run", "one.asl.json", "--db", "my runs.db", "--name", "x").code == 0
    again = penstock("run", "one.asl.json", "--db", "my runs.db", "--name", "x")
    assert again.err.endswith("penstock runs show --db 'my runs.db' x\n")
    other = penstock("runs", "show", "--db", "my runs.db", "y")
    assert "penstock runs list --db 'my runs.db' shows" in other.err
