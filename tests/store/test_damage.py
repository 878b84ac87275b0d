"""A damaged file is set aside and reported; it is never deleted, and nothing takes its place by itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.store.files import fill, lambda_event, names, of_format_1

from penstock.errors import StoreDamaged
from penstock.store import Database
from penstock.store.executions import Executions
from penstock.store.lambda_events import LambdaEvents
from penstock.store.listing import Filter
from penstock.store.salvage import salvage

STATES = "arn:aws:states:us-east-1:123456789012"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    database = Database(tmp_path / "wf.db")
    fill(database, 200)
    database.close()
    return tmp_path / "wf.db"


def flip(file: Path, *, every: int = 4096, count: int = 8) -> None:
    """Turns bits at the beginnings of pages, but not of the first."""
    content = bytearray(file.read_bytes())
    for page in range(2 * every, len(content), every):
        for place in range(page, page + count):
            content[place] ^= 0xFF
    file.write_bytes(content)


def cut(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])


@pytest.mark.parametrize("harm", [flip, cut])
def test_a_damaged_file_is_set_aside_and_reported(harm: object, file: Path) -> None:
    harm(file)  # type: ignore[operator]
    content = file.read_bytes()
    with pytest.raises(
        StoreDamaged, match=r"is damaged \(.+\)\. It was set aside as wf\.db\.damaged-\d{8}T\d{6}Z\. Save"
    ) as told:
        Database(file)
    aside = Path(told.value.aside or "")
    assert aside.read_bytes() == content
    assert not file.exists()
    # The next start makes no empty database either, until somebody has decided.
    with pytest.raises(
        StoreDamaged, match=r"was found damaged earlier and set aside as .* move that file away to begin"
    ):
        Database(file)
    assert not file.exists()
    aside.rename(file.with_name("looked-at"))
    database = Database(file)
    assert names(database) == []
    database.close()


def test_who_only_looks_moves_nothing(file: Path) -> None:
    flip(file)
    with pytest.raises(StoreDamaged, match=r"is damaged \(.+\)\.$") as told:
        Database(file, read_only=True)
    assert told.value.aside is None
    assert file.exists()


@pytest.mark.parametrize("harm", [flip, cut])
def test_the_command_in_the_message_saves_what_can_be_read(harm: object, file: Path) -> None:
    if harm is flip:
        flip(file, every=16 * 4096)  # one page in sixteen
    else:
        cut(file)
    with pytest.raises(StoreDamaged) as told:
        Database(file)
    aside = Path(told.value.aside or "").read_bytes()
    done = subprocess.run(
        str(told.value).partition("with: ")[2], shell=True, check=True, capture_output=True, text=True
    )
    assert f"{file} has 0 definitions, " in done.stdout
    database = Database(file)
    found = names(database)
    assert len(found) > (150 if harm is flip else 50)
    with database.read() as connection:
        assert connection.execute("SELECT count(*) FROM journal").fetchone()[0] > (150 if harm is flip else 50)
    fill(database, 1, start=1000)
    database.close()
    assert Path(told.value.aside or "").read_bytes() == aside
    assert subprocess.run(str(told.value).partition("with: ")[2], shell=True, capture_output=True).returncode == 1


def test_asynchronous_calls_are_saved_too(file: Path) -> None:
    database = Database(file)
    with database.write() as connection:
        LambdaEvents.insert(connection, map(lambda_event, range(1, 4)))
    database.close()
    assert salvage(file, file.with_name("new.db"))["lambda_events"] == 3
    database = Database(file.with_name("new.db"))
    assert [row.id for row in LambdaEvents.left(database, 10)] == [1, 2, 3]
    database.close()


def test_what_is_saved_of_an_older_file_is_brought_up_to_date(tmp_path: Path) -> None:
    old = of_format_1(tmp_path / "old.db")
    salvage(old, tmp_path / "new.db")
    database = Database(tmp_path / "new.db")
    found = Executions(database).of(f"{STATES}:stateMachine:m", Filter(by=f"{STATES}:stateMachine:m:live"))
    assert [each.name for each in found] == ["waiting", "alias"]
    database.close()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["new.db", "new.db.lock", "old.db"]


def test_two_damaged_files_in_one_second_are_both_kept(file: Path) -> None:
    second = file.read_bytes()
    flip(file)
    with pytest.raises(StoreDamaged):
        Database(file)
    file.write_bytes(second)
    cut(file)
    with pytest.raises(StoreDamaged):
        Database(file)
    assert len(list(file.parent.glob("wf.db.damaged-*"))) == 2


@pytest.mark.parametrize(
    ("damaged", "message"), [("missing", "There is no file {}."), ("notes.txt", "Nothing can be read of {}.")]
)
def test_what_cannot_be_saved_is_said_and_leaves_nothing(damaged: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello\n")
    command = [sys.executable, "-m", "penstock.store.salvage", str(tmp_path / damaged), str(tmp_path / "new.db")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", message.format(tmp_path / damaged) + "\n")
    assert [file.name for file in tmp_path.iterdir()] == ["notes.txt"]
