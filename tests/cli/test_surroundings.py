"""What surrounds the command: Ctrl-C before it has begun, a full disk behind stdout, texts that are not UTF-8."""

from __future__ import annotations

import json
import os
import shlex
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


CLOSED = [
    (">&-", "run one.asl.json -q", 4, "The output cannot be written: Bad file descriptor. Give stdout another place."),
    ("<&-", "run one.asl.json --input -", 2, "--input: stdin cannot be read: Bad file descriptor. Give --input @FILE."),
    ("<&-", "run -", 3, "stdin cannot be read: Bad file descriptor. Name a file in place of -."),
]


@pytest.mark.parametrize(("how", "arguments", "code", "says"), CLOSED)
def test_a_stream_that_is_closed(folder: Path, how: str, arguments: str, code: int, says: str) -> None:
    done = shell(folder, f"{arguments} {how}")
    assert (done.returncode, done.stdout, done.stderr) == (code, "", f"penstock: {says}\n")


@pytest.mark.skipif(not FULL.exists(), reason="a system without /dev/full")
@pytest.mark.parametrize("how", ["2>&-", "2>/dev/full"])
def test_words_that_nobody_hears_change_no_result(folder: Path, how: str) -> None:
    done = shell(folder, f"run one.asl.json --db runs.db {how}")
    assert (done.returncode, json.loads(done.stdout), done.stderr) == (0, {"a": 1}, "")
    assert shell(folder, f"run gone.json {how}").returncode == 3
    assert shell(folder, f"run --nope {how}").returncode == 2
    assert shell(folder, "runs list --db runs.db").stdout.count("SUCCEEDED") == 1  # nothing was written into the file


def test_a_folder_that_is_gone(folder: Path) -> None:
    (folder / "here").mkdir()
    done = shell(folder / "here", "run ../one.asl.json", before="rmdir ../here; ")
    words = "The folder that this command was started in is gone. Change into another one."
    assert (done.returncode, done.stdout, done.stderr) == (4, "", f"penstock: {words}\n")


def test_a_history_without_a_name(folder: Path, penstock: Penstock) -> None:
    done = penstock("run", "one.asl.json", "--history", "")
    assert (done.code, done.out, done.err) == (2, "", "penstock: '' is no name of a file; name one to write.\n")


def shell(folder: Path, arguments: str, before: str = "") -> subprocess.CompletedProcess[str]:
    command = f"{before}exec {shlex.join(MAIN)} {arguments}"
    return subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, text=True, timeout=60, check=False)


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
