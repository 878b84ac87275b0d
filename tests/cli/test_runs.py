"""`penstock runs`, `redrive` and `state` against a server, and what they say alike of a file."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.conftest import Penstock
from tests.server.asking import client_of
from tests.server.process import Server, started

ROLE = "arn:aws:iam::123456789012:role/r"
PASS = {"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": 7, "End": True}}}
WAIT = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 600, "End": True}}}
CHECK = {
    "StartAt": "T",
    "States": {"T": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:check", "End": True}},
}
MAP = {
    "StartAt": "M",
    "States": {
        "M": {
            "Type": "Map",
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": "P",
                "States": {"P": {"Type": "Pass", "End": True}},
            },
            "End": True,
        }
    },
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With a database file, r.db in its folder; the token is `secret`."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "app.py").write_text(
        "import os\n\n\ndef check(event, context):\n    if not os.path.exists(event['file']):\n"
        "        raise LookupError('not there')\n    return 'found'\n"
    )
    (folder / "penstock.toml").write_text('[functions]\ncheck = "app:check"\n')
    with started(folder, "--db", "r.db", "--token", "secret") as server:
        client = client_of(server.url, "secret")
        for name, definition in (("pass", PASS), ("wait", WAIT), ("check", CHECK), ("map", MAP)):
            client.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)
        client.create_state_machine(name="quick", definition=json.dumps(PASS), roleArn=ROLE, type="EXPRESS")
        server.folder = folder  # type: ignore[attr-defined]
        yield server


def start(server: Server, machine: str, name: str, value: object = None) -> str:
    client = client_of(server.url, "secret")
    arn = f"arn:aws:states:us-east-1:123456789012:stateMachine:{machine}"
    found = client.start_execution(stateMachineArn=arn, name=name, input=json.dumps({} if value is None else value))
    if machine != "wait":
        end = time.monotonic() + 20
        while client.describe_execution(executionArn=found["executionArn"])["status"] == "RUNNING":
            assert time.monotonic() < end
            time.sleep(0.01)
    return str(found["executionArn"])


def at(server: Server) -> tuple[str, ...]:
    return "--endpoint", server.url, "--token", "secret"


def test_a_server_and_its_file_tell_the_same(penstock: Penstock, server: Server) -> None:
    start(server, "pass", "p1")
    start(server, "map", "m1", [1, 2, 3])
    start(server, "check", "c1", {"file": "/none"})
    file = ("--db", str(server.folder / "r.db"))  # type: ignore[attr-defined]
    for words in (
        ("list", "--json", "--status", "SUCCEEDED", "--machine", "pass"),
        ("show", "--json", "p1"),
        ("show", "--json", "m1"),
        ("show", "--json", "c1"),
        ("history", "--json", "c1"),
        ("history", "--json", "--reverse", "m1"),
        ("history", "m1"),
    ):
        there, here = penstock("runs", *words, *at(server)), penstock("runs", *words, *file)
        assert (there.code, here.code) == (0, 0), (there, here)
        if "--json" in words:
            assert json.loads(there.out) == json.loads(here.out)
        else:
            assert there.out == here.out
    shown = json.loads(penstock("runs", "show", "--json", "m1", *at(server)).out)
    assert shown["mapRuns"][0]["itemCounts"]["succeeded"] == 3
    failed = json.loads(penstock("runs", "show", "--json", "c1", *at(server)).out)
    assert (failed["status"], failed["error"], failed["failedState"]) == ("FAILED", "LookupError", "T")


def test_the_list_has_filters_and_pages(penstock: Penstock, server: Server) -> None:
    for number in range(5):
        start(server, "pass", f"n{number}")
    first = penstock("runs", "list", *at(server), "--machine", "pass", "--limit", "2")
    lines = [line.split("\t") for line in first.out.splitlines()]
    assert [line[0] for line in lines] == ["n4", "n3"]
    assert lines[0][1:3] == ["pass", "SUCCEEDED"]
    assert lines[0][5] == "arn:aws:states:us-east-1:123456789012:execution:pass:n4"
    assert first.err == "There are more: --page 2.\n"
    second = penstock("runs", "list", *at(server), "--machine", "pass", "--limit", "2", "--page", "2")
    assert [line.split("\t")[0] for line in second.out.splitlines()] == ["n2", "n1"]
    file = str(server.folder / "r.db")  # type: ignore[attr-defined]
    for place, called in ((at(server), server.url), (("--db", file), file)):
        none = penstock("runs", "list", *place, "--machine", "nope")
        assert (none.code, none.out, none.err) == (2, "", f"penstock: {called} has no state machine 'nope'.\n")
        for more in (("--machine", "quick"), ("--machine", "pass", "--status", "TIMED_OUT"), ("--status", "TIMED_OUT")):
            none = penstock("runs", "list", *place, *more)
            assert (none.code, none.out, none.err) == (0, "", "")


def test_people_read_what_failed_and_why(penstock: Penstock, server: Server) -> None:
    start(server, "check", "c2", {"file": "/none"})
    shown = penstock("runs", "show", "c2", *at(server))
    assert shown.code == 0
    assert "status   FAILED" in shown.out
    assert 'input    {"file":"/none"}' in shown.out
    assert "FAILED in the state 'T'\nerror[LookupError]: not there" in shown.err
    lines = penstock("runs", "history", "c2", *at(server)).out.splitlines()
    assert [line.split("\t")[2] for line in lines][:2] == ["ExecutionStarted", "TaskStateEntered"]
    assert lines[1].endswith("\tT")


def test_stopping_on_a_server(penstock: Penstock, server: Server) -> None:
    arn = start(server, "wait", "w1")
    done = penstock("runs", "stop", "w1", *at(server), "--error", "Enough", "--cause", "for today")
    assert (done.code, done.out, done.err) == (0, "", f"{arn} is ABORTED.\n")
    shown = json.loads(penstock("runs", "show", "--json", arn, *at(server)).out)
    assert (shown["status"], shown["error"], shown["cause"]) == ("ABORTED", "Enough", "for today")
    for ended, status in ((arn, "ABORTED"), (start(server, "pass", "w2"), "SUCCEEDED")):
        over = penstock("runs", "stop", ended, *at(server))
        said = f"penstock: The execution {ended.rpartition(':')[2]} has ended already ({status}).\n"
        assert (over.code, over.out, over.err) == (2, "", said)


def test_redriving_on_a_server(penstock: Penstock, server: Server, tmp_path: Path) -> None:
    arn = start(server, "check", "c3", {"file": str(tmp_path / "there")})
    (tmp_path / "there").touch()
    done = penstock("redrive", "c3", *at(server))
    assert (done.code, done.out, done.err) == (0, "", f"{arn} goes on.\n")
    end = time.monotonic() + 20
    while "SUCCEEDED" not in penstock("runs", "show", arn, *at(server)).out:
        assert time.monotonic() < end
    over = penstock("redrive", "c3", *at(server), "--json")
    assert (over.code, over.out) == (2, "")
    url = server.url
    assert over.err == (
        "penstock: ExecutionNotRedrivable: Execution is SUCCEEDED and cannot be redriven. Nothing of it is left to do; see what "
        f"it gave: penstock runs show --endpoint {url} c3, or start another: aws stepfunctions start-execution --endpoint-url {url}\n"
    )
    wrong = penstock("redrive", "c3", *at(server), "--target", "x.py")
    assert (wrong.code, wrong.err.count("\n")) == (2, 1)


def test_one_state_on_a_server(penstock: Penstock, server: Server, folder: Path) -> None:
    here = penstock("state", "one.asl.json", "A", "--input", '{"x": 1}')
    there = penstock("state", "one.asl.json", "A", "--input", '{"x": 1}', *at(server))
    assert (there.code, json.loads(there.out)) == (0, json.loads(here.out))
    arn = "arn:aws:states:us-east-1:123456789012:stateMachine:check"
    failed = penstock("state", arn, "T", "--input", '{"file": "/none"}', *at(server))
    assert failed.code == 1
    assert json.loads(failed.out)["error"] == "LookupError"
    found = penstock("state", arn, "T", "--input", json.dumps({"file": str(folder)}), *at(server))
    assert (found.code, json.loads(json.loads(found.out)["output"])) == (0, "found")
    mocked = penstock("state", arn, "T", "--mock", '{"result": {"a": 1}}', "--inspect", *at(server))
    assert (mocked.code, json.loads(json.loads(mocked.out)["output"])) == (0, {"a": 1})
    wrong = penstock("state", arn, "U", *at(server))
    assert (wrong.code, wrong.out) == (3, "")
    assert "has no state 'U'; did you mean 'T'?" in wrong.err or "it has T" in wrong.err


def test_the_server_is_named_by_the_environment(penstock: Penstock, server: Server) -> None:
    start(server, "pass", "e1")
    for variable in ("PENSTOCK_ENDPOINT", "AWS_ENDPOINT_URL_SFN"):
        done = penstock("runs", "show", "e1", env={variable: server.url, "PENSTOCK_TOKEN": "secret"})
        assert (done.code, "SUCCEEDED" in done.out) == (0, True)
    file = str(server.folder / "r.db")  # type: ignore[attr-defined]
    assert "e1\tpass" in penstock("runs", "list", env={"PENSTOCK_DB": file}).out
    both = penstock(
        "runs", "list", "--endpoint", server.url, env={"PENSTOCK_DB": "none.db", "PENSTOCK_TOKEN": "secret"}
    )
    assert both.code == 0


def test_without_the_token_it_says_so(penstock: Penstock, server: Server) -> None:
    done = penstock("runs", "list", "--endpoint", server.url)
    assert (done.code, done.out) == (4, "")
    assert "Give the server's token: --token TEXT, or PENSTOCK_TOKEN." in done.err
    assert done.err.count("\n") == 1


def test_what_run_began_is_found_by_its_arn(penstock: Penstock, folder: Path) -> None:
    assert penstock("run", "one.asl.json", "--db", "both.db", "--name", "mine").code == 0
    arn = "arn:aws:states:us-east-1:123456789012:execution:one:mine"
    with started(folder, "--db", "both.db") as server:
        for name, code in (("mine", 2), (arn, 0)):
            assert penstock("runs", "show", name, "--endpoint", server.url).code == code
        assert penstock("runs", "stop", arn, "--endpoint", server.url).err.endswith("has ended already (SUCCEEDED).\n")


def test_what_is_not_there(penstock: Penstock, server: Server) -> None:
    done = penstock("runs", "show", "nobody", *at(server))
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        f"penstock: No state machine of {server.url} has an execution 'nobody'; penstock runs list --endpoint {server.url} shows what "
        "they have. Of another machine (of penstock run, or deleted), name it by its ARN.\n"
    )
    arn = "arn:aws:states:us-east-1:123456789012:execution:pass:nobody"
    done = penstock("runs", "history", arn, *at(server))
    assert (done.code, done.err) == (2, f"penstock: ExecutionDoesNotExist: Execution Does Not Exist: '{arn}'\n")


def test_a_name_of_two_machines_has_to_be_told_apart(penstock: Penstock, server: Server) -> None:
    start(server, "pass", "same")
    start(server, "map", "same", [])
    for place in (at(server), ("--db", str(server.folder / "r.db"))):  # type: ignore[attr-defined]
        done = penstock("runs", "show", "same", *place)
        assert (done.code, done.out) == (2, "")
        assert "has 2 executions of the name 'same'; say which: arn:" in done.err


def test_a_server_that_is_none(penstock: Penstock) -> None:
    import http.server
    import threading

    with http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler) as other:
        thread = threading.Thread(target=other.serve_forever, daemon=True)
        thread.start()
        done = penstock("runs", "list", "--endpoint", f"http://127.0.0.1:{other.server_port}")
        other.shutdown()
    assert (done.code, done.out) == (4, "")
    assert "is not Step Functions (HTTP 501)" in done.err
