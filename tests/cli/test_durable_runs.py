"""`penstock run --db` ended in the midst of its work, and `penstock resume`: as processes, with the steps counted outside."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from tests.cli.conftest import MAIN, Penstock
from tests.server.asking import client_of
from tests.server.process import running

from penstock import signals
from penstock.cli.leaving import leaving
from penstock.store import Database

SCRIPT = """from penstock.script import Task, map, wait


class Step(Task):
    async def run(event, context):
        import os, time

        with open("COUNTED", "a") as file:
            file.write(f"{event['n']}\\n")
        while event["n"] in event["slow"] and not os.path.exists("GO"):
            time.sleep(0.02)
        return event["n"]


def main(data):
    data["one"] = Step({"n": 1, "slow": data["slow"]})
    wait(seconds=1)
    data["two"] = Step({"n": 2, "slow": data["slow"]})
    data["items"] = map(data["items"], Step)
    data["six"] = Step({"n": 6, "slow": data["slow"]})
"""


@pytest.fixture
def work(folder: Path) -> Path:
    text = SCRIPT.replace("COUNTED", str(folder / "counted")).replace("GO", str(folder / "go"))
    (folder / "project.py").write_text(text, encoding="utf-8")
    return folder


def counted(folder: Path) -> list[int]:
    file = folder / "counted"
    return [int(line) for line in file.read_text().split()] if file.exists() else []


def given(*slow: int) -> str:
    return json.dumps({"slow": list(slow), "items": [{"n": n, "slow": list(slow)} for n in (3, 4, 5)]})


def begin(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*MAIN, *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        stdin=subprocess.DEVNULL,
    )


def until(holds: Callable[[], object], process: subprocess.Popen[str] | None = None, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        assert process is None or process.poll() is None, process.communicate()
        time.sleep(0.01)


def result(slow: list[int]) -> dict:
    return {"slow": slow, "items": [3, 4, 5], "one": 1, "two": 2, "six": 6}


@pytest.mark.parametrize("at", [1, 2, 4, 6])
def test_what_was_done_is_not_done_again_after_a_kill(penstock: Penstock, work: Path, at: int) -> None:
    process = begin(work, "run", "project.py", "--db", "r.db", "--name", "one", "--input", given(at))
    until(lambda: at in counted(work), process)
    time.sleep(0.2)  # let those beside it end
    process.kill()
    process.communicate()
    events = json.loads(penstock("runs", "history", "--db", "r.db", "one", "--json").out)["events"]
    outputs = [
        e["lambdaFunctionSucceededEventDetails"]["output"]
        for e in events
        if e["type"].endswith("nSucceeded") and "lambdaFunctionSucceededEventDetails" in e
    ]
    done = sorted(int(output) for output in outputs)
    assert done == [n for n in counted(work) if n != at] or set(done) <= set(counted(work))
    (work / "go").touch()
    resumed = penstock("resume", "--db", "r.db", "one")
    assert (resumed.code, json.loads(resumed.out)) == (0, result([at]))
    assert resumed.err.startswith("SUCCEEDED in ")
    times = Counter(counted(work))
    assert {n for n in done if times[n] != 1} == set()
    assert times[at] == 2
    again = penstock("resume", "--db", "r.db", "one")
    assert (again.code, again.out) == (2, "")
    assert again.err == "penstock: The execution one was not interrupted: it has ended (SUCCEEDED).\n"
    nothing = penstock("resume", "--db", "r.db")
    assert (nothing.code, nothing.out, nothing.err) == (0, "", "Nothing in r.db waits for penstock resume.\n")


@pytest.mark.parametrize(
    ("sent", "code", "words"), [(signal.SIGINT, 130, "Interrupted"), (signal.SIGTERM, 143, "Terminated")]
)
def test_a_signal_leaves_a_run_and_prints_the_command_that_goes_on(
    work: Path, sent: int, code: int, words: str
) -> None:
    process = begin(work, "run", "project.py", "--db", "my runs.db", "--input", given(2))
    until(lambda: 2 in counted(work), process)
    process.send_signal(sent)
    out, err = process.communicate(timeout=20)
    found = re.fullmatch(
        rf"penstock: {words}. It goes on with:\n(penstock resume --db 'my runs.db' [0-9a-f-]{{36}})\n", err
    )
    assert (process.returncode, out) == (code, "")
    assert found is not None, err
    (work / "go").touch()
    path = f"{Path(MAIN[0]).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", found[1]], cwd=work, capture_output=True, text=True, timeout=60, env={**os.environ, "PATH": path}
    )
    assert (done.returncode, json.loads(done.stdout)) == (0, result([2]))
    assert Counter(counted(work)) == {1: 1, 2: 2, 3: 1, 4: 1, 5: 1, 6: 1}


@pytest.mark.parametrize("gap", [0, 0.002, 0.01])
def test_a_signal_that_is_forwarded_twice_is_one(work: Path, gap: float) -> None:
    """GNU timeout sends its signal to the process, and then to the process's group."""
    process = begin(work, "run", "project.py", "--db", "r.db", "--name", "one", "--input", given(2))
    until(lambda: 2 in counted(work), process)
    process.send_signal(signal.SIGINT)
    time.sleep(gap)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (130, "")
    assert err == "penstock: Interrupted. It goes on with:\npenstock resume --db r.db one\n"


def test_a_signal_before_there_is_a_run_to_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the instant a run is written down and the one where its loop begins."""
    left_by: list[str] = []
    with leaving() as left:
        monkeypatch.setattr(signals, "_heard", [float("-inf")])
        signal.raise_signal(signal.SIGTERM)
        assert (left.number, left_by) == (signal.SIGTERM, [])
        left.by(lambda: left_by.append("run"))
        assert left_by == ["run"]
        signal.raise_signal(signal.SIGTERM)  # its echo
        monkeypatch.setattr(signals, "_heard", [float("-inf")])
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        monkeypatch.setattr(signals, "_heard", [float("-inf")])
        with pytest.raises(signals.Terminated):
            signal.raise_signal(signal.SIGTERM)
    assert (left.number, left_by) == (signal.SIGTERM, ["run"])


def test_ctrl_c_of_a_terminal_does_not_reach_the_task(work: Path) -> None:
    """A terminal sends it to all processes of the group: a worker that died of it would be a failed task."""
    process = subprocess.Popen(
        [*MAIN, "run", "project.py", "--db", "r.db", "--name", "one", "--input", given(1)],
        cwd=work,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    until(lambda: 1 in counted(work), process)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert err.endswith("penstock resume --db r.db one\n")


def test_the_same_run_once_more_goes_on(penstock: Penstock, work: Path) -> None:
    process = begin(work, "run", "project.py", "--db", "r.db", "--name", "one", "--input", given(2))
    until(lambda: 2 in counted(work), process)
    process.kill()
    process.communicate()
    other = penstock("run", "project.py", "--db", "r.db", "--name", "one", "--input", given())
    assert (other.code, other.out) == (2, "")
    assert "was begun with another input" in other.err
    (work / "go").touch()
    done = penstock("run", "project.py", "--db", "r.db", "--name", "one", "--input", given(2))
    assert (done.code, json.loads(done.out)) == (0, result([2]))
    assert Counter(counted(work))[1] == 1
    taken = penstock("run", "project.py", "--db", "r.db", "--name", "one", "--input", given(2))
    assert (taken.code, taken.out) == (2, "")
    assert re.fullmatch(
        r"penstock: The execution one in r.db has ended already \(SUCCEEDED, .*\)\. .*: penstock runs show --db r.db one\n",
        taken.err,
    )


def test_a_batch_goes_on_with_what_has_not_run(penstock: Penstock, work: Path) -> None:
    lines = [json.dumps({"slow": [9], "items": [{"n": n, "slow": [9]}]}) for n in (7, 9, 8)]
    (work / "in.jsonl").write_text("\n".join(lines))
    words = ["run", "project.py", "--db", "r.db", "--name", "b", "--map-inputs", "in.jsonl"]
    nameless = penstock(*words[:4], "--map-inputs", "in.jsonl")
    assert (nameless.code, nameless.out) == (2, "")
    assert "needs --name" in nameless.err
    process = begin(work, *words)
    until(lambda: {7, 8, 9} <= set(counted(work)), process)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert [json.loads(line)["name"] for line in out.splitlines()] in ([], ["b-1"])
    assert err.endswith("penstock run project.py --db r.db --name b --map-inputs in.jsonl\n")
    before = Counter(counted(work))
    (work / "go").touch()
    done = penstock(*words)
    assert done.code == 0
    assert [json.loads(line)["name"] for line in done.out.splitlines()] == ["b-1", "b-2", "b-3"]
    assert [json.loads(line)["output"]["items"] for line in done.out.splitlines()] == [[7], [9], [8]]
    after = Counter(counted(work))
    assert (after[7], after[8], after[9]) == (1, 1, before[9] + 1)
    told = penstock(*words)
    assert told.out == done.out
    assert Counter(counted(work)) == after
    (work / "in.jsonl").write_text("\n".join(reversed(lines)))
    other = penstock(*words)
    assert (other.code, other.out) == (2, "")
    assert other.err == "penstock: The execution b-1 in r.db was begun with another input. Give these another name.\n"


def test_several_that_were_interrupted_are_lines_of_json(penstock: Penstock, work: Path) -> None:
    for name in ("a", "b"):
        process = begin(work, "run", "project.py", "--db", "r.db", "--name", name, "--input", given(1))
        until(lambda: len(counted(work)) == (1 if name == "a" else 2), process)  # noqa: B023
        process.kill()
        process.communicate()
    (work / "go").touch()
    done = penstock("resume", "--db", "r.db")
    assert done.code == 0
    assert sorted(json.loads(line)["name"] for line in done.out.splitlines()) == ["a", "b"]
    assert done.err == "2 executions, 2 succeeded, 0 did not\n"


def test_virtual_time_goes_on_where_it_stood(penstock: Penstock, folder: Path) -> None:
    """A hundred days of waiting, interrupted after them."""
    text = SCRIPT.replace("COUNTED", str(folder / "counted")).replace("GO", str(folder / "go"))
    (folder / "project.py").write_text(text.replace("seconds=1", "seconds=8640000"), encoding="utf-8")
    process = begin(folder, "run", "project.py", "--db", "r.db", "--name", "v", "--time", "skip", "--input", given(2))
    until(lambda: 2 in counted(folder), process)
    process.kill()
    process.communicate()
    (folder / "go").touch()
    done = penstock("resume", "--db", "r.db", "v")
    assert done.code == 0
    assert done.err.startswith("SUCCEEDED in 100 d of virtual time")
    # A wait in real time beside it keeps its length, though the file has seen the future.
    waiting = begin(folder, "run", "echo.asl.json", "--db", "r.db", "--name", "w", "--input", '{"s": 3}')
    until(lambda: "w\techo\tRUNNING" in penstock("runs", "list", "--db", "r.db").out, waiting)
    waiting.kill()
    waiting.communicate()
    done = penstock("resume", "--db", "r.db", "w", "--json")
    value = json.loads(done.out)
    took = (time_of(value["stop_date"]) - time_of(value["start_date"])).total_seconds()
    assert 2.9 < took < 86_400  # of the 100 days nothing


def time_of(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_the_definition_of_then_goes_on_with_the_code_of_now(penstock: Penstock, work: Path) -> None:
    process = begin(work, "run", "project.py", "--db", "r.db", "--name", "one", "--input", given(1))
    until(lambda: 1 in counted(work), process)
    process.kill()
    process.communicate()
    text = (work / "project.py").read_text()
    (work / "go").touch()
    (work / "project.py").rename(work / "moved.py")
    gone = penstock("resume", "--db", "r.db", "one")
    assert (gone.code, gone.out) == (3, "")
    assert "give its new place: --target FILE." in gone.err
    (work / "moved.py").write_text(text.replace("class Step", "class Other").replace("Step(", "Other("))
    without = penstock("resume", "--db", "r.db", "one", "--target", "moved.py")
    assert (without.code, without.out) == (2, "")
    assert "runs the task Step, which moved.py has no more" in without.err
    (work / "moved.py").write_text(
        text.replace("return event", "return 100 + event").replace('    data["six"]', '    data["seven"]')
    )
    done = penstock("resume", "--db", "r.db", "one", "--target", "moved.py")
    assert done.code == 0
    assert json.loads(done.out)["six"] == 106
    assert done.err.startswith("penstock: moved.py has changed since one began: the definition of then goes on")


def test_a_definition_may_be_gone(penstock: Penstock, folder: Path) -> None:
    process = begin(folder, "run", "echo.asl.json", "--db", "r.db", "--name", "one", "--input", '{"s": 2}')
    until(lambda: "RUNNING" in penstock("runs", "list", "--db", "r.db").out)
    process.kill()
    process.communicate()
    (folder / "echo.asl.json").unlink()
    done = penstock("resume", "--db", "r.db")
    assert (done.code, json.loads(done.out)) == (0, {"s": 2})
    assert done.err.startswith(
        "penstock: echo.asl.json is not there any more; what it held when the execution began goes"
    )


def test_two_processes_on_one_file(penstock: Penstock, work: Path) -> None:
    process = begin(work, "run", "project.py", "--db", "r.db", "--name", "one", "--input", given(1))
    until(lambda: 1 in counted(work), process)
    for words in (
        ["run", "project.py", "--db", "r.db"],
        ["resume", "--db", "r.db"],
        ["redrive", "--db", "r.db", "one"],
        ["runs", "stop", "--db", "r.db", "one"],
        ["server", "--port", "0", "--db", "r.db"],
    ):
        done = penstock(*words)
        assert (done.code, done.out) == (4, ""), words
        assert done.err.startswith(f"penstock: r.db is in use by the process {process.pid}. "), words
        assert done.err.count("\n") == 1
    assert "RUNNING" in penstock("runs", "list", "--db", "r.db").out
    (work / "go").touch()
    out, _ = process.communicate(timeout=30)
    assert json.loads(out) == result([1])


def test_a_failed_run_is_redriven(penstock: Penstock, folder: Path) -> None:
    script = folder / "project.py"
    assert penstock("run", "project.py", "--db", "r.db", "--name", "one", "--input", '{"n": 10}').code == 1
    early = penstock("redrive", "--db", "r.db", "two")
    assert (early.code, early.err) == (
        2,
        "penstock: r.db has no execution 'two'; penstock runs list --db r.db shows what it has.\n",
    )
    again = penstock("redrive", "--db", "r.db", "one")
    assert (again.code, again.out) == (1, "")
    assert "project.py:13:" in again.err
    script.write_text(script.read_text().replace("> 9", "> 99"))
    done = penstock("redrive", "--db", "r.db", "one")
    assert (done.code, json.loads(done.out)) == (0, {"n": 10, "paid": 20})
    over = penstock("redrive", "--db", "r.db", "one")
    assert (over.code, over.err) == (
        2,
        "penstock: Execution is SUCCEEDED and cannot be redriven. Nothing of it is left to do; see what it gave: penstock runs "
        f"show --db r.db one, or start another: penstock run {script} --db r.db\n",
    )
    history = json.loads(penstock("runs", "history", "--db", "r.db", "one", "--json").out)["events"]
    assert [each["id"] for each in history] == list(range(1, len(history) + 1))
    assert [each["type"] for each in history].count("ExecutionRedriven") == 2


def test_a_file_serves_runs_and_a_server_and_each_takes_up_its_own(penstock: Penstock, work: Path) -> None:
    process = begin(work, "run", "project.py", "--db", "r.db", "--name", "mine", "--input", given(1))
    until(lambda: 1 in counted(work), process)
    process.kill()
    process.communicate()
    wait = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 3, "End": True}}}
    role = "arn:aws:iam::123456789012:role/r"
    with running(work, "--db", "r.db") as url:
        client = client_of(url)
        machine = client.create_state_machine(name="waits", definition=json.dumps(wait), roleArn=role)
        arn = client.start_execution(stateMachineArn=machine["stateMachineArn"], name="theirs")["executionArn"]
        assert client.describe_execution(executionArn=arn.replace(":waits:theirs", ":main:mine"))["status"] == "RUNNING"
    refused = penstock("resume", "--db", "r.db", "theirs")
    assert (refused.code, refused.out) == (2, "")
    assert "was begun by a server, which takes it up: penstock server --db r.db" in refused.err
    (work / "go").touch()
    done = penstock("resume", "--db", "r.db")
    assert (done.code, json.loads(done.out)) == (0, result([1]))
    assert "theirs\twaits\tRUNNING" in penstock("runs", "list", "--db", "r.db").out
    with running(work, "--db", "r.db") as url:
        client = client_of(url)
        until(lambda: client.describe_execution(executionArn=arn)["status"] == "SUCCEEDED")
    assert Counter(counted(work))[1] == 2


def test_stopping_what_no_process_runs(penstock: Penstock, work: Path) -> None:
    process = begin(work, "run", "project.py", "--db", "r.db", "--name", "one", "--input", given(3, 4, 5))
    until(lambda: {3, 4, 5} <= set(counted(work)), process)
    process.kill()
    process.communicate()
    done = penstock("runs", "stop", "--db", "r.db", "one", "--error", "Enough", "--cause", "for today")
    assert (done.code, done.out, done.err) == (
        0,
        "",
        "arn:aws:states:us-east-1:123456789012:execution:main:one is ABORTED.\n",
    )
    shown = json.loads(penstock("runs", "show", "--db", "r.db", "one", "--json").out)
    assert (shown["status"], shown["error"], shown["cause"]) == ("ABORTED", "Enough", "for today")
    types = [
        each["type"] for each in json.loads(penstock("runs", "history", "--db", "r.db", "one", "--json").out)["events"]
    ]
    assert types[-1] == "ExecutionAborted"
    assert Counter(counted(work))[3] == 1
    over = penstock("runs", "stop", "--db", "r.db", "one")
    assert (over.code, over.err) == (2, "penstock: The execution one has ended already (ABORTED).\n")
    (work / "go").touch()
    assert penstock("redrive", "--db", "r.db", "one").code == 0


def test_what_was_left_alone_is_shown_and_can_be_tried_once_more(penstock: Penstock, work: Path) -> None:
    """Its process ends in the midst of a task, ten times in a row."""
    process = begin(work, "run", "project.py", "--db", "r.db", "--name", "one", "--input", given(1))
    for number in range(1, 11):
        until(lambda: len(counted(work)) == number, process)  # noqa: B023
        process.kill()
        process.communicate()
        process = begin(work, "resume", "--db", "r.db", "one")
    _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "its task was cut off by the end of the process 10 times in a row" in err
    assert "penstock resume --db r.db --unpark one" in err
    shown = penstock("runs", "show", "--db", "r.db", "one").out
    assert "parked    it was left alone: its task was cut off" in shown
    assert json.loads(penstock("runs", "list", "--db", "r.db", "--json").out)["executions"][0]["parked"]
    (work / "go").touch()
    done = penstock("resume", "--db", "r.db", "--unpark", "one")
    assert (done.code, json.loads(done.out)) == (0, result([1]))


def test_parked_ones_can_be_stopped(penstock: Penstock, work: Path) -> None:
    process = begin(work, "run", "project.py", "--db", "r.db", "--name", "one", "--input", given(1))
    until(lambda: 1 in counted(work), process)
    process.kill()
    process.communicate()
    database = Database(work / "r.db")
    with database.write() as connection:  # a history that this version does not come to
        connection.execute("UPDATE journal SET records = x'90' WHERE turn = 1")
    database.close()
    alone = penstock("resume", "--db", "r.db")
    assert alone.code == 1
    assert "cannot be taken up: this version of Penstock goes on otherwise" in alone.err
    assert penstock("runs", "stop", "--db", "r.db", "one", "--cause", "no way").code == 0
    shown = json.loads(penstock("runs", "show", "--db", "r.db", "one", "--json").out)
    assert (shown["status"], shown["cause"], shown["parked"]) == ("ABORTED", "no way", None)


def test_a_terminal_shows_the_whole_tree_of_a_resumed_run(work: Path) -> None:
    process = begin(work, "run", "project.py", "--db", "r.db", "--name", "one", "--input", given(2))
    until(lambda: 2 in counted(work), process)
    process.kill()
    process.communicate()
    (work / "go").touch()
    child, terminal = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "90", "LINES": "40"}
    resumed = subprocess.Popen(
        [*MAIN, "resume", "--db", "r.db"], cwd=work, stdout=subprocess.PIPE, stderr=terminal, env=environment
    )
    os.close(terminal)
    seen = b""
    while True:
        try:
            seen += (chunk := os.read(child, 65536))
        except OSError:
            break
        if not chunk:
            break
    os.close(child)
    assert resumed.wait(20) == 0
    assert resumed.stdout is not None
    resumed.stdout.close()
    last = seen.decode()[seen.decode().rindex("main one") :]
    assert "wait 1 s" in last  # what was done before is there too
    assert "iteration 2" in last


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["run", "one.asl.json", "--db", "."], 2, "is a directory"),
        (["run", "one.asl.json", "--db", "one.asl.json"], 2, "is no SQLite database, and was left as it is"),
        (["run", "one.asl.json", "--db", "/proc/x/y.db"], 4, "/proc/x/y.db"),
        (["run", "wrong.asl.json", "--db", "r.db"], 3, "MISSING_TRANSITION_TARGET"),
        (["run", "one.asl.json", "--db", "r.db", "--name", "a b"], 2, "cannot contain ' '"),
        (["resume", "--db", "none.db"], 2, "There is no database none.db."),
        (["resume"], 2, "Missing option '--db'"),
        (["redrive", "--db", "none.db", "x"], 2, "There is no database none.db."),
        (["redrive", "--db", "r.db", "--endpoint", "http://127.0.0.1:1", "x"], 2, "give one of them"),
        (["runs", "list", "--db", "none.db"], 2, "There is no database none.db."),
        (["runs", "list", "--db", "some.db", "--machine", "nope"], 2, "some.db has no state machine 'nope'."),
        (["runs", "list", "--endpoint", "ftp://x"], 2, "is no URL of a server"),
        (["runs", "list", "--endpoint", "http://127.0.0.1:99999"], 2, "is no URL of a server"),
        (["runs", "list", "--endpoint", "http://127.0.0.1:1"], 4, "Nothing answers at http://127.0.0.1:1"),
        (["runs", "show", "--endpoint", "http://127.0.0.1:1", "x"], 4, "Nothing answers"),
        (["runs", "history", "--db", "none.db", "x"], 2, "There is no database none.db."),
        (["runs", "stop", "--db", "none.db", "x"], 2, "There is no database none.db."),
        (["runs", "stop", "--db", "none.db", "x", "--error", "e" * 257], 2, "256 characters at most"),
        (["state", "one.asl.json", "A", "--endpoint", "http://127.0.0.1:1"], 4, "Nothing answers"),
    ],
)
def test_what_cannot_be_is_one_message(
    penstock: Penstock, folder: Path, words: list[str], code: int, said: str
) -> None:
    if "some.db" in words:
        penstock("run", "one.asl.json", "--db", "some.db", "--name", "x")
    before = sorted(each.name for each in folder.iterdir())
    done = penstock(*words)
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert "Traceback" not in done.err
    assert "bug in Penstock" not in done.err
    assert sorted(each.name for each in folder.iterdir()) == before
