"""`penstock run`: the result on stdout and nothing else, problems on stderr, the documented exit codes."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

MAIN = [sys.executable, "-c", "import sys; from penstock.cli import main; sys.exit(main())"]


def test_the_output_is_json_on_stdout(penstock):
    done = penstock("run", "one.asl.json")
    assert (done.code, json.loads(done.out)) == (0, {"a": 1})
    assert done.err.startswith("SUCCEEDED in ")
    assert "\x1b" not in done.out + done.err


def test_quiet_says_nothing_but_the_result(penstock):
    done = penstock("run", "one.asl.json", "-q")
    assert (done.code, done.err) == (0, "")


@pytest.mark.parametrize("how", ["text", "file", "stdin"])
def test_the_input_is_text_a_file_or_stdin(penstock, folder, how):
    (folder / "in.json").write_text('{"s": 3}')
    argument = {"text": '{"s": 3}', "file": "@in.json", "stdin": "-"}[how]
    done = penstock("run", "echo.asl.json", "--time", "skip", "--input", argument, input='{"s": 3}')
    assert (done.code, json.loads(done.out)) == (0, {"s": 3})


def test_a_definition_on_stdin(penstock, folder):
    assert penstock("run", "-", input=(folder / "one.asl.json").read_bytes()).code == 0
    done = penstock("run", "-", "--input", "-")
    assert (done.code, done.out) == (2, "")


def test_a_failure_is_exit_code_1_with_error_cause_and_line(penstock):
    done = penstock("run", "fail.asl.json")
    assert (done.code, done.out) == (1, "")
    assert "FAILED in the state 'A'" in done.err
    assert "fail.asl.json:4:" in done.err
    assert "error[Boom]: it broke" in done.err


def test_a_failing_task_shows_its_python_line_and_stack(penstock):
    done = penstock("run", "project.py", "--input", '{"n": 10}')
    assert (done.code, done.out) == (1, "")
    assert "project.py:13:" in done.err
    assert "error[ValueError]: too much" in done.err
    assert "data['paid'] = Pay(data)" in done.err
    assert "Pay: on its way" in done.err
    assert 'File "project.py", line 8, in run' in done.err


def test_a_script_runs(penstock):
    done = penstock("run", "project.py", "--input", '{"n": 4}')
    assert (done.code, json.loads(done.out)) == (0, {"n": 4, "paid": 8})


def test_json_is_the_whole_result_also_of_a_failure(penstock):
    done = penstock("run", "fail.asl.json", "--json", "--name", "r1", "-q")
    value = json.loads(done.out)
    assert done.code == 1
    assert list(value) == [
        "status",
        "output",
        "error",
        "cause",
        "name",
        "execution_arn",
        "start_date",
        "stop_date",
        "failed_state",
        "failed_at",
    ]
    assert (value["status"], value["error"], value["cause"], value["name"]) == ("FAILED", "Boom", "it broke", "r1")
    assert value["failed_at"]["file"] == "fail.asl.json"


def test_the_history_is_written_as_get_execution_history_answers(penstock, folder):
    assert penstock("run", "one.asl.json", "--history", "h.json").code == 0
    events = json.loads((folder / "h.json").read_text())["events"]
    assert [each["type"] for each in events][-1] == "ExecutionSucceeded"
    done = penstock("graph", "one.asl.json", "--history", "h.json", "--format", "mermaid")
    assert "class s1 succeeded" in done.out
    assert [each.name for each in folder.iterdir() if each.name.startswith(".h")] == []


def test_a_history_that_cannot_be_written_is_said_before_the_run(penstock):
    done = penstock("run", "one.asl.json", "--history", "no/where/h.json")
    assert (done.code, done.out) == (2, "")
    assert "there is no folder" in done.err


def test_mocks_answer_for_tasks(penstock, folder):
    mocks = {
        "StateMachines": {"main": {"TestCases": {"Good": {"Pay": "Yes"}}}},
        "MockedResponses": {"Yes": {"0": {"Return": {"StatusCode": 200, "Payload": 5}}}},
    }
    (folder / "mocks.json").write_text(json.dumps(mocks))
    for given in ("mocks.json#Good", "mocks.json"):
        done = penstock("run", "project.py", "--mock", given, "--input", "{}")
        assert json.loads(done.out) == {"paid": 5}
    assert penstock("run", "project.py", "--mock", "mocks.json#Bad").code == 2


def test_variables_fill_placeholders(penstock, folder):
    document = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": "${Who} ${Unknown}", "End": True}}}
    (folder / "v.json").write_text(json.dumps(document))
    assert json.loads(penstock("run", "v.json", "--var", "Who=you").out) == "you ${Unknown}"


def test_every_line_of_a_file_is_an_execution(penstock, folder):
    (folder / "in.jsonl").write_text('{"s": 3}\n\n{"s": 1}\n{}\n')
    done = penstock("run", "echo.asl.json", "--time", "skip", "--map-inputs", "in.jsonl", "--name", "b")
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert done.code == 1
    assert [each["status"] for each in lines] == ["SUCCEEDED", "SUCCEEDED", "FAILED"]
    assert [each["name"] for each in lines] == ["b-1", "b-2", "b-3"]
    assert "3 executions, 2 succeeded, 1 did not" in done.err


def test_a_bad_line_stops_the_batch_before_it_starts(penstock, folder):
    (folder / "in.jsonl").write_text('{"s": 3}\nnope\n')
    done = penstock("run", "echo.asl.json", "--map-inputs", "in.jsonl")
    assert (done.code, done.out) == (2, "")
    assert "in.jsonl line 2 is not JSON" in done.err


@pytest.mark.parametrize("text", ["x", "", '{"a": NaN}', '{"a":1,"a":2}', "@nope", "@.git", "[" * 2000, "one.asl.json"])
def test_an_input_that_is_no_json_is_exit_code_2(penstock, text):
    done = penstock("run", "one.asl.json", "--input", text)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("penstock: ")
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("raise KeyError('x')", "KeyError"),
        ("import os; os._exit(3)", "Runtime.ExitError"),
        ("import sys; sys.exit(3)", "Runtime.ExitError"),
        ("return {1, 2}", "Runtime.MarshalError"),
        ("return object()", "Runtime.MarshalError"),
        ("while True: pass", "States.Timeout"),
    ],
)
def test_a_task_that_misbehaves_fails_its_execution_and_nothing_else(penstock, folder, body, error):
    (folder / "bad.py").write_text(
        "from penstock.script import Task\n\n\nclass Bad(Task):\n    timeout = 1\n\n    async def run(event, context):\n"
        f"        {body}\n\n\ndef main(data):\n    Bad()\n"
    )
    done = penstock("run", "bad.py", "--json", "-q")
    assert done.code == 1
    assert json.loads(done.out)["error"] == error
    assert "bug in Penstock" not in done.err


def wait_until_it_hears(process: subprocess.Popen[str], number: int) -> None:
    """A process that is only being loaded dies of SIGTERM."""
    status = Path(f"/proc/{process.pid}/status")
    if not status.parent.parent.exists():  # elsewhere than on Linux, by guess
        time.sleep(1.5)
        return
    for _ in range(1000):
        caught = int(re.search(r"^SigCgt:\s*(\w+)", status.read_text(), re.MULTILINE)[1], 16)
        if caught >> number - 1 & 1 and caught >> signal.SIGTERM - 1 & 1:
            break
        time.sleep(0.01)
    time.sleep(0.5)  # into the run: what is said is the same, whatever it interrupts


@pytest.mark.parametrize(
    ("sent", "code", "words"), [(signal.SIGINT, 130, "Interrupted"), (signal.SIGTERM, 143, "Terminated")]
)
def test_a_signal_ends_the_run_cleanly(folder, sent, code, words):
    process = subprocess.Popen(
        [*MAIN, "run", "echo.asl.json", "--input", '{"s": 100}'],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until_it_hears(process, sent)
    process.send_signal(sent)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (code, "", f"penstock: {words}.\n")


def test_a_terminal_shows_the_tree_on_stderr_and_only_the_result_on_stdout(folder):
    """Times, the caught failure, the branches; no frame is left over from another."""
    document = {
        "StartAt": "Both",
        "States": {
            "Both": {
                "Type": "Parallel",
                "Branches": [
                    {"StartAt": "Slow", "States": {"Slow": {"Type": "Wait", "Seconds": 1, "End": True}}},
                    {"StartAt": "Oops", "States": {"Oops": {"Type": "Fail", "Error": "Boom"}}},
                ],
                "Catch": [{"ErrorEquals": ["Boom"], "Next": "Fine\x1b[31m"}],
                "End": True,
            },
            "Fine\x1b[31m": {"Type": "Wait", "Seconds": 1, "End": True},
        },
    }
    (folder / "tree.json").write_text(json.dumps(document))
    child, terminal = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "90", "LINES": "40"}
    environment.pop("NO_COLOR", None)
    process = subprocess.Popen(
        [*MAIN, "run", "tree.json"], cwd=folder, stdout=subprocess.PIPE, stderr=terminal, env=environment
    )
    os.close(terminal)
    seen = b""
    while True:
        try:
            seen += (chunk := os.read(child, 65536))
        except OSError:  # how Linux says that the other side is closed
            break
        if not chunk:
            break
    os.close(child)
    assert process.stdout is not None
    with process.stdout as stream:
        assert json.loads(stream.read())["Error"] == "Boom"
    assert process.wait(20) == 0
    text = seen.decode()
    assert "tree" in text
    assert "RUNNING" in text
    last = text[text.rindex("SUCCEEDED\x1b") :]
    assert "branch 1" in last
    assert "Boom" in last
    assert "1.0 s" in last
    assert "Fine\x1b[31m" not in text
