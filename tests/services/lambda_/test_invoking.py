"""Calls of functions in real worker processes: what the code finds, what its end means, what it leaves in its log."""

from __future__ import annotations

import base64
import json
import os
import re
import threading
from pathlib import Path
from typing import Any

import pytest
from tests.services.lambda_.functions import PREFIX, archive, create, folder_function, invoke, service

from penstock.errors import ServiceError
from penstock.services.lambda_ import Lambda, watching

CONTEXT = """
import os

def handler(event, context):
    names = ("function_name", "function_version", "invoked_function_arn", "memory_limit_in_mb", "aws_request_id",
             "log_group_name", "log_stream_name")
    found = {name: getattr(context, name) for name in names}
    found["left"] = context.get_remaining_time_in_millis()
    found["identity"] = context.identity.cognito_identity_id
    found["custom"] = context.client_context.custom if context.client_context else None
    found["variables"] = {name: os.environ[name] for name in os.environ if name.startswith(("AWS_", "_", "LAMBDA", "MINE"))}
    found["folder"] = os.getcwd()
    return found
"""


def test_the_handler_finds_lambdas_context_and_environment(tmp_path: Path) -> None:
    function = folder_function(tmp_path, CONTEXT, timeout=7, memory=512, environment={"MINE": "1"})
    with service(function, region="eu-west-1", account="111122223333") as lambda_:
        answer = invoke(lambda_, "f", {})
    found = answer["Payload"]
    arn = "arn:aws:lambda:eu-west-1:111122223333:function:f"
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert found["function_name"] == "f"
    assert found["function_version"] == "$LATEST"
    assert found["invoked_function_arn"] == arn
    assert found["memory_limit_in_mb"] == "512"
    assert 0 < found["left"] <= 7000
    assert found["identity"] is None
    assert found["log_group_name"] == "/aws/lambda/f"
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", found["log_stream_name"])
    variables = found["variables"]
    assert variables["MINE"] == "1"
    assert variables["AWS_REGION"] == variables["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert variables["AWS_LAMBDA_FUNCTION_NAME"] == "f"
    assert variables["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "512"
    assert variables["_HANDLER"] == "app.handler"
    assert variables["_X_AMZN_TRACE_ID"].startswith("Root=1-")
    assert variables["LAMBDA_TASK_ROOT"] == found["folder"] == str(tmp_path)


def test_the_client_context_reaches_the_handler(tmp_path: Path) -> None:
    with service(folder_function(tmp_path, CONTEXT)) as lambda_:
        sent = base64.b64encode(b'{"custom": {"k": 1}, "env": {}}').decode()
        assert invoke(lambda_, "f", {}, ClientContext=sent)["Payload"]["custom"] == {"k": 1}
        with pytest.raises(ServiceError, match="Client context"):
            invoke(lambda_, "f", {}, ClientContext="bm8=")


@pytest.mark.parametrize(
    ("event", "seen"), [(None, {}), ("text", "text"), ([1], [1]), (1.5, 1.5), ({"ü": "\ud83d\ude00"}, {"ü": "😀"})]
)
def test_an_event_arrives_as_it_was_sent_and_no_event_as_an_empty_object(tmp_path: Path, event: Any, seen: Any) -> None:
    with service(folder_function(tmp_path, "def handler(event, context):\n    return event\n")) as lambda_:
        assert invoke(lambda_, "f", event)["Payload"] == seen


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("def handler(e, c):\n    raise ValueError('no')\n", "ValueError", "no"),
        ("class Mine(Exception):\n    pass\ndef handler(e, c):\n    raise Mine\n", "Mine", ""),
        ("def handler(e, c):\n    return {1, 2}\n", "Runtime.MarshalError", "Unable to marshal response: Object of type set is not JSON serializable"),
        ("async def handler(e, c):\n    return 1\n", "Runtime.MarshalError", "Unable to marshal response: Object of type coroutine is not JSON serializable"),
        ("import nothing_of_that_name\n", "Runtime.ImportModuleError", "Unable to import module 'app': No module named 'nothing_of_that_name'"),
        ("def other(e, c): ...\n", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'app'"),
        ("def handler(e, c)\n", "Runtime.UserCodeSyntaxError", "Syntax error in module 'app': expected ':' (app.py, line 1)"),
        ("1 / 0\n", "ZeroDivisionError", "division by zero"),
    ],
)  # fmt: skip
def test_a_failing_function_answers_200_with_the_error_as_its_payload(
    tmp_path: Path, text: str, kind: str, message: str
) -> None:
    with service(folder_function(tmp_path, text)) as lambda_:
        answer = invoke(lambda_, "f", {})
    assert answer["StatusCode"] == 200
    assert answer["FunctionError"] == "Unhandled"
    fault = answer["Payload"]
    assert fault["errorType"] == kind
    assert fault["errorMessage"].replace(f"{tmp_path}{os.sep}", "") == message
    assert re.fullmatch(r"[0-9a-f-]{36}", fault["requestId"])
    assert isinstance(fault["stackTrace"], list)


@pytest.mark.parametrize(
    ("handler", "message"),
    [
        ("nodot", "Bad handler 'nodot': not enough values to unpack (expected 2, got 1)"),
        ("sys.exit", "Cannot use built-in module sys as a handler module"),
        ("sub/inner.handler", None),
        ("sub.inner.handler", None),
    ],
)
def test_handlers_are_read_as_lambdas_runtime_reads_them(tmp_path: Path, handler: str, message: str | None) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "inner.py").write_text("def handler(event, context):\n    return 'inner'\n")
    with service(folder_function(tmp_path, "", handler=handler)) as lambda_:
        payload = invoke(lambda_, "f", {})["Payload"]
    assert payload == "inner" if message is None else payload["errorMessage"] == message


@pytest.mark.parametrize(
    ("code", "how"),
    [
        ("os._exit(3)", "Runtime exited with error: exit status 3"),
        ("sys.exit(0)", "Runtime exited without providing a reason"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "Runtime exited with error: signal: segmentation fault"),
    ],
)
def test_a_process_that_ends_is_an_exit_error_and_the_next_call_has_a_new_one(
    tmp_path: Path, code: str, how: str
) -> None:
    text = f"import os, signal, sys\ndef handler(event, context):\n    if event:\n        {code}\n    return 'alive'\n"
    with service(folder_function(tmp_path, text)) as lambda_:
        answer = invoke(lambda_, "f", {"x": 1})
        assert answer["FunctionError"] == "Unhandled"
        assert answer["Payload"]["errorType"] == "Runtime.ExitError"
        assert re.fullmatch(rf"RequestId: [0-9a-f-]{{36}} Error: {re.escape(how)}", answer["Payload"]["errorMessage"])
        assert invoke(lambda_, "f", {})["Payload"] == "alive"


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="the kernel's limit of data is Linux's")
def test_a_function_out_of_memory_is_killed(tmp_path: Path) -> None:
    text = "def handler(event, context):\n    return len(bytearray(event * 1024 * 1024))\n"
    with service(folder_function(tmp_path, text, memory=128)) as lambda_:
        assert invoke(lambda_, "f", 100)["Payload"] == 100 * 1024 * 1024
        assert invoke(lambda_, "f", 2000)["Payload"]["errorMessage"].endswith("signal: killed")


def test_a_function_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    text = "import time\ndef handler(event, context):\n    time.sleep(event)\n"
    with service(folder_function(tmp_path, text, timeout=1)) as lambda_:
        answer = invoke(lambda_, "f", 60, LogType="Tail")
    assert answer["Payload"]["errorType"] == "Sandbox.Timedout"
    assert answer["Payload"]["errorMessage"].endswith("Error: Task timed out after 1.00 seconds")
    assert "Task timed out after 1.00 seconds" in base64.b64decode(answer["LogResult"]).decode()


def test_the_log_of_a_call_has_lambdas_lines_around_what_the_code_prints(tmp_path: Path) -> None:
    text = (
        "import sys\ndef handler(event, context):\n    print('one')\n    print('two', file=sys.stderr)\n    1 / event\n"
    )
    printed: list[tuple[str, str]] = []
    function = folder_function(tmp_path, text)
    with service(function, log=lambda name, lines: printed.append((name, lines))) as lambda_:
        log = base64.b64decode(invoke(lambda_, "f", 1, LogType="Tail")["LogResult"]).decode()
        failed = base64.b64decode(invoke(lambda_, "f", 0, LogType="Tail")["LogResult"]).decode()
        assert "LogResult" not in invoke(lambda_, "f", 1)
    number = "[0-9a-f-]{36}"
    lines = log.splitlines()
    assert re.fullmatch(rf"START RequestId: {number} Version: \$LATEST", lines[0])
    assert lines[1:3] == ["one", "two"]
    assert re.fullmatch(rf"END RequestId: {number}", lines[3])
    assert re.match(
        rf"REPORT RequestId: {number}\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB\t", lines[4]
    )
    # One event of CloudWatch's, whose lines end in carriage returns (awslambdaric).
    assert "[ERROR] ZeroDivisionError: division by zero\rTraceback (most recent call last):\r\xa0\xa0File" in failed
    assert printed[:2] == [("f", "one\ntwo\n"), ("f", "one\ntwo\n")] or [n for n, _ in printed] == ["f"] * len(printed)
    assert "START" not in "".join(lines for _, lines in printed)


def test_the_log_result_is_the_last_four_kilobytes(tmp_path: Path) -> None:
    text = "def handler(event, context):\n    for n in range(3000):\n        print('line', n)\n"
    with service(folder_function(tmp_path, text)) as lambda_:
        log = base64.b64decode(invoke(lambda_, "f", {}, LogType="Tail")["LogResult"])
    assert len(log) == 4096
    assert b"line 2999\nEND" in log


def test_the_logs_of_calls_at_once_are_not_mixed(tmp_path: Path) -> None:
    text = "import time\ndef handler(event, context):\n    print('begin', event)\n    time.sleep(0.2)\n    print('end', event)\n"
    logs: dict[int, str] = {}
    with service(folder_function(tmp_path, text)) as lambda_:

        def call(number: int) -> None:
            logs[number] = base64.b64decode(invoke(lambda_, "f", number, LogType="Tail")["LogResult"]).decode()

        threads = [threading.Thread(target=call, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for number, log in logs.items():
        assert log.splitlines()[1:3] == [f"begin {number}", f"end {number}"]


def test_the_log_says_why_a_result_could_not_be_sent(tmp_path: Path) -> None:
    with service(folder_function(tmp_path, "def handler(e, c):\n    return {1, 2}\n")) as lambda_:
        answer = invoke(lambda_, "f", {}, LogType="Tail")
    log = base64.b64decode(answer["LogResult"]).decode()
    said = "Unable to marshal response: Object of type set is not JSON serializable"
    assert (
        f"[ERROR] Runtime.MarshalError: {said}\rTraceback (most recent call last):\n" in log
    )  # awslambdaric, log_error
    assert answer["Payload"]["errorMessage"] == said


def test_changed_code_counts_at_the_next_call(tmp_path: Path) -> None:
    (tmp_path / "prices.py").write_text("PRICE = 1\n")
    function = folder_function(
        tmp_path, "import os, prices\ndef handler(e, c):\n    return prices.PRICE, os.getpid()\n"
    )
    with service(function) as lambda_:
        price, first = invoke(lambda_, "f", {})["Payload"]
        same, second = invoke(lambda_, "f", {})["Payload"]
        assert (price, same) == (1, 1)
        assert first == second  # the process is warm
        (tmp_path / "prices.py").write_text("PRICE = 22\n")
        assert invoke(lambda_, "f", {})["Payload"][0] == 22


def test_a_call_that_runs_while_code_changes_ends_with_the_old_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "QUICK", 1.0)
    begun = tmp_path / "begun"
    text = (
        "import pathlib, time\ndef handler(event, context):\n    if event:\n        "
        f"pathlib.Path({str(begun)!r}).touch()\n    time.sleep(event)\n    return VERSION\nVERSION = "
    )
    answers: list[Any] = []
    with service(folder_function(tmp_path / "code", f"{text}1\n")) as lambda_:
        invoke(lambda_, "f", 0)
        slow = threading.Thread(target=lambda: answers.append(invoke(lambda_, "f", 1)["Payload"]))
        slow.start()
        while not begun.exists():
            pass
        (tmp_path / "code" / "app.py").write_text(f"{text}22\n")
        assert invoke(lambda_, "f", 0)["Payload"] == 22
        slow.join()
        assert answers == [1]


def test_archives_are_told_as_var_task_in_stack_traces() -> None:
    with service() as lambda_:
        create(lambda_, "f", "def handler(event, context):\n    raise ValueError('x')\n")
        (frame,) = invoke(lambda_, "f", {})["Payload"]["stackTrace"]
    assert frame == "  File \"/var/task/app.py\", line 2, in handler\n    raise ValueError('x')\n"


@pytest.mark.parametrize("kind", ["RequestResponse", "Event"])
def test_a_payload_that_is_no_json_or_too_long_is_refused(tmp_path: Path, kind: str) -> None:
    with service(folder_function(tmp_path, "def handler(e, c): ...\n")) as lambda_:
        for payload in (b"{", b"NaN", b"\xff", b"[" * 100_000, b"1 2"):
            with pytest.raises(ServiceError) as refused:
                lambda_.call("Invoke", {"FunctionName": "f", "Payload": payload, "InvocationType": kind})
            assert refused.value.code == "InvalidRequestContentException"
        most = {"RequestResponse": 6_291_456, "Event": 1_048_576}[kind]
        text = json.dumps("x" * most).encode()
        with pytest.raises(ServiceError, match=f"limit {most} bytes") as refused:
            lambda_.call("Invoke", {"FunctionName": "f", "Payload": text, "InvocationType": kind})
        assert refused.value.code == "RequestEntityTooLargeException"


def test_a_response_that_is_too_long_is_an_error_of_the_function(tmp_path: Path) -> None:
    with service(folder_function(tmp_path, "def handler(e, c):\n    return 'x' * 7_000_000\n")) as lambda_:
        answer = invoke(lambda_, "f", {})
    assert answer["Payload"]["errorType"] == "Function.ResponseSizeTooLarge"


def test_a_dry_run_runs_nothing(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    with service(folder_function(tmp_path / "code", f"open({str(marker)!r}, 'w')\n")) as lambda_:
        assert lambda_.call("Invoke", {"FunctionName": "f", "InvocationType": "DryRun"})["StatusCode"] == 204
        with pytest.raises(ServiceError, match="Function not found"):
            lambda_.call("Invoke", {"FunctionName": "g", "InvocationType": "DryRun"})
        assert lambda_.pids() == []
    assert not marker.exists()


def test_a_function_that_cannot_run_here_says_why(tmp_path: Path) -> None:
    with service() as lambda_:
        create(lambda_, "node", "", Runtime="nodejs22.x")
        with pytest.raises(ServiceError, match=r"runtime is nodejs22\.x") as refused:
            invoke(lambda_, "node", {})
    assert refused.value.code == "InvalidRuntimeException"


def test_reserved_concurrency_refuses_what_is_too_much(tmp_path: Path) -> None:
    text = "import time\ndef handler(event, context):\n    time.sleep(event)\n"
    with service(folder_function(tmp_path, text)) as lambda_:
        lambda_.call("PutFunctionConcurrency", {"FunctionName": "f", "ReservedConcurrentExecutions": 1})
        slow = threading.Thread(target=lambda: invoke(lambda_, "f", 1))
        slow.start()
        while not lambda_._state.busy.get(f"{PREFIX}:f"):
            pass
        with pytest.raises(ServiceError, match=r"Rate Exceeded\.") as refused:
            invoke(lambda_, "f", 0)
        assert refused.value.code == "TooManyRequestsException"
        slow.join()
        invoke(lambda_, "f", 0)


def test_a_layer_that_is_not_here_is_named_where_an_import_fails(tmp_path: Path) -> None:
    function = folder_function(tmp_path, "import gone\n", hint="The layer arn:x is not on this machine.")
    with service(function) as lambda_:
        log = base64.b64decode(invoke(lambda_, "f", {}, LogType="Tail")["LogResult"]).decode()
    assert "[penstock] The layer arn:x is not on this machine." in log


def test_closing_lets_callers_go_and_leaves_no_process(tmp_path: Path) -> None:
    ended: list[BaseException] = []
    opened = Lambda(log=lambda name, text: None)
    opened.register([folder_function(tmp_path, "import time\ndef handler(e, c):\n    time.sleep(60)\n", timeout=60)])

    def call() -> None:
        try:
            invoke(opened, "f", {})
        except ServiceError as error:
            ended.append(error)

    caller = threading.Thread(target=call)
    caller.start()
    while len(opened.pids()) < 2:
        pass
    pids = opened.pids()
    opened.close()
    caller.join(timeout=10)
    assert not caller.is_alive()
    assert [error.code for error in ended if isinstance(error, ServiceError)] == ["ServiceUnavailable"]
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_new_code_replaces_the_old(tmp_path: Path) -> None:
    with service() as lambda_:
        create(lambda_, "f", "def handler(e, c):\n    return 1\n")
        assert invoke(lambda_, "f", {})["Payload"] == 1
        lambda_.call(
            "UpdateFunctionCode", {"FunctionName": "f", "ZipFile": archive(app="def handler(e, c):\n    return 2\n")}
        )
        assert invoke(lambda_, "f", {})["Payload"] == 2
        lambda_.call("UpdateFunctionConfiguration", {"FunctionName": "f", "Handler": "app.gone"})
        assert invoke(lambda_, "f", {})["Payload"]["errorType"] == "Runtime.HandlerNotFound"
