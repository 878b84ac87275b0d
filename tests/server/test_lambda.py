"""Lambda on a real `penstock server` process, with boto3's client; and a template on it."""

from __future__ import annotations

import base64
import http.client
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from tests.server.process import running
from tests.services.lambda_.functions import PREFIX, ROLE, archive

EXAMPLE = Path(__file__).parents[2] / "examples" / "sam_orders"


def client(service: str, url: str, **more: Any) -> Any:
    return boto3.client(
        service,
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=more.pop("key", "any"),
        aws_secret_access_key="any",
        config=Config(retries={"total_max_attempts": 1}, inject_host_prefix=False, **more),
    )


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("served")
    (folder / "app.py").write_text("def double(event, context):\n    return event * 2\n", encoding="utf-8")
    (folder / "penstock.toml").write_text('[functions]\ndouble = "app:double"\n', encoding="utf-8")
    (folder / "functions" / "triple").mkdir(parents=True)
    (folder / "functions" / "triple" / "app.py").write_text("def handler(event, context):\n    return event * 3\n")
    with running(folder, "--functions", "functions") as url:
        yield url


@pytest.fixture
def lambda_(url: str) -> Any:
    return client("lambda", url)


def create(lambda_: Any, name: str, text: str, **more: Any) -> Any:
    code = {"ZipFile": archive(app=text)}
    given = {
        "FunctionName": name,
        "Runtime": "python3.13",
        "Role": ROLE,
        "Handler": "app.handler",
        "Code": code,
        **more,
    }
    return lambda_.create_function(**given)


def test_functions_of_the_settings_and_of_a_folder_are_there(lambda_: Any) -> None:
    names = {each["FunctionName"] for each in lambda_.list_functions()["Functions"]}
    assert {"double", "triple"} <= names
    for name, result in (("double", b"8"), ("triple", b"12"), (f"{PREFIX}:triple", b"12")):
        assert lambda_.invoke(FunctionName=name, Payload=b"4")["Payload"].read() == result


def test_a_function_lives_through_the_api(lambda_: Any) -> None:
    made = create(lambda_, "life", "def handler(event, context):\n    print('hi')\n    return event\n", Publish=True)
    assert (made["Version"], made["FunctionArn"]) == ("1", f"{PREFIX}:life:1")
    lambda_.get_waiter("function_active_v2").wait(FunctionName="life")
    lambda_.get_waiter("published_version_active").wait(FunctionName="life", Qualifier="1")
    answer = lambda_.invoke(FunctionName="life", Payload=b'{"a":"\xc3\xa4"}', LogType="Tail")
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert json.loads(answer["Payload"].read()) == {"a": "ä"}
    assert base64.b64decode(answer["LogResult"]).splitlines()[1] == b"hi"
    lambda_.update_function_code(FunctionName="life", ZipFile=archive(app="def handler(e, c):\n    return {1}\n"))
    lambda_.get_waiter("function_updated_v2").wait(FunctionName="life")
    failed = lambda_.invoke(FunctionName="life")
    assert failed["FunctionError"] == "Unhandled"
    assert json.loads(failed["Payload"].read())["errorType"] == "Runtime.MarshalError"
    lambda_.create_alias(FunctionName="life", Name="live", FunctionVersion="1")
    assert lambda_.invoke(FunctionName=f"{PREFIX}:life:live", Payload=b"1")["ExecutedVersion"] == "1"
    lambda_.add_permission(
        FunctionName="life", StatementId="s", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com"
    )
    assert "s3.amazonaws.com" in lambda_.get_policy(FunctionName="life")["Policy"]
    lambda_.tag_resource(Resource=f"{PREFIX}:life", Tags={"a": "b"})
    assert lambda_.list_tags(Resource=f"{PREFIX}:life")["Tags"] == {"a": "b"}
    assert lambda_.invoke(FunctionName="life", InvocationType="Event")["StatusCode"] == 202
    assert lambda_.invoke(FunctionName="life", InvocationType="DryRun")["StatusCode"] == 204
    config = lambda_.put_function_event_invoke_config(FunctionName="life", MaximumRetryAttempts=0)
    assert config["LastModified"].timestamp() == pytest.approx(time.time(), abs=600)
    lambda_.delete_function(FunctionName="life")
    with pytest.raises(lambda_.exceptions.ResourceNotFoundException) as error:
        lambda_.get_function(FunctionName="life")
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


@pytest.mark.parametrize(
    ("call", "code", "status"),
    [
        (lambda c: c.invoke(FunctionName="nobody"), "ResourceNotFoundException", 404),
        (lambda c: c.invoke(FunctionName="double", Payload=b"{"), "InvalidRequestContentException", 400),
        (lambda c: c.invoke(FunctionName="double", Payload=b"1" * 6_300_000), "RequestEntityTooLargeException", 413),
        (lambda c: c.get_policy(FunctionName="double"), "ResourceNotFoundException", 404),
        (lambda c: create(c, "double", ""), "ResourceConflictException", 409),
        (lambda c: create(c, "bad name", ""), "ValidationException", 400),
        (lambda c: c.publish_layer_version(LayerName="l", Content={"ZipFile": b""}), "UnknownOperationException", 404),
    ],
)
def test_refusals_are_those_of_lambda(lambda_: Any, call: Any, code: str, status: int) -> None:
    with pytest.raises(ClientError) as error:
        call(lambda_)
    assert error.value.response["Error"]["Code"] == code
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


def raw(url: str, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=10)
    try:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


INVOKE = "/2015-03-31/functions/double/invocations"


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (("POST", INVOKE, b"2", {}), 200),
        (("POST", INVOKE, b"2", {"Content_Type": "application/json"}), 200),
        (("POST", INVOKE, b"2", {"Content_Type": "text/plain"}), 415),
        (("POST", INVOKE, b"2", {"Content_Type": "application/x-www-form-urlencoded"}), 415),
        (("POST", INVOKE, b"2", {"Origin": "http://evil.example"}), 403),
        (("POST", INVOKE, b"2", {"Host": "evil.example"}), 403),
        (("POST", INVOKE, b"2", {"Content_Encoding": "gzip"}), 415),
        (("GET", "/2015-03-31/functions/", b"", {}), 200),
        (("GET", "/2015-03-31/functions/..%2f..%2fetc", b"", {}), 400),
        (("GET", "/2015-03-31/nothing", b"", {}), 404),
        (("GET", "/1999-01-01/functions", b"", {}), 404),
        (("POST", "/2015-03-31/functions", b"[]", {}), 400),
        (("POST", "/2015-03-31/functions", b'{"Code": {"ZipFile": "%"}}', {}), 400),
        (("POST", "/2015-03-31/functions", b"\xff\xfe", {}), 400),
        (("PUT", "/2015-03-31/functions/double/configuration", b" " * 2_000_000, {}), 413),
    ],
)
def test_a_request_by_hand_is_answered_or_refused(url: str, request_: Any, status: int) -> None:
    method, path, body, headers = request_
    found, text = raw(url, method, path, body, **headers)
    assert found == status, text
    assert b"Traceback" not in text


def test_the_token_is_asked_for_here_too(tmp_path: Path) -> None:
    with running(tmp_path, "--token", "secret") as url:
        assert raw(url, "GET", "/2015-03-31/functions/")[0] == 403
        assert client("lambda", url, key="secret").list_functions()["Functions"] == []
        with pytest.raises(ClientError, match="UnrecognizedClientException"):
            client("lambda", url).list_functions()


def test_calls_run_at_once(lambda_: Any, tmp_path: Path) -> None:
    """Each waits until all of them have begun."""
    code = f"""import pathlib, time
def handler(event, context):
    place = pathlib.Path({str(tmp_path)!r})
    (place / str(event)).touch()
    while len(list(place.iterdir())) < 8:
        time.sleep(0.02)
    return event
"""
    create(lambda_, "slow", code, Timeout=60)
    many = client("lambda", lambda_.meta.endpoint_url, max_pool_connections=8)
    results: list[bytes] = []
    threads = [
        threading.Thread(
            target=lambda n=n: results.append(many.invoke(FunctionName="slow", Payload=b"%d" % n)["Payload"].read())
        )
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [b"%d" % n for n in range(8)]
    lambda_.delete_function(FunctionName="slow")


def test_a_machine_calls_a_function_that_the_api_has_made(url: str, lambda_: Any) -> None:
    create(lambda_, "made", "def handler(event, context):\n    return {'was': event}\n")
    states = client("stepfunctions", url)
    definition = {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": f"{PREFIX}:made", "End": True}}}
    arn = states.create_state_machine(name="calls", definition=json.dumps(definition), roleArn=ROLE, type="EXPRESS")[
        "stateMachineArn"
    ]
    done = states.start_sync_execution(stateMachineArn=arn, input='{"a": 1}')
    assert json.loads(done["output"]) == {"was": {"a": 1}}
    lambda_.delete_function(FunctionName="made")
    gone = states.start_sync_execution(stateMachineArn=arn)
    assert gone["error"] == "Lambda.ResourceNotFoundException"


def test_the_server_ends_while_a_function_runs(tmp_path: Path) -> None:
    ended: list[Any] = []
    with running(tmp_path) as url:
        lambda_ = client("lambda", url)
        create(lambda_, "slow", "import time\ndef handler(event, context):\n    time.sleep(60)\n", Timeout=60)

        def call() -> None:
            try:
                ended.append(lambda_.invoke(FunctionName="slow"))
            except Exception as error:
                ended.append(error)

        caller = threading.Thread(target=call)
        caller.start()
        time.sleep(0.5)
    caller.join(timeout=10)
    assert not caller.is_alive()
    assert isinstance(ended[0], Exception)


@pytest.mark.parametrize("database", [False, True])
def test_a_template_is_served_with_its_functions_and_machines(tmp_path: Path, database: bool) -> None:
    options = ["--db", str(tmp_path / "runs.db")] if database else []
    for _ in range(2 if database else 1):  # the second time, the machines are there from before
        with running(tmp_path, str(EXAMPLE / "template.yaml"), *options) as url:
            states = client("stepfunctions", url)
            machines = {each["name"]: each for each in states.list_state_machines()["stateMachines"]}
            assert {name: each["type"] for name, each in machines.items()} == {
                "orders-dev": "STANDARD",
                "Shipping": "STANDARD",
            }
            functions = {each["FunctionName"] for each in client("lambda", url).list_functions()["Functions"]}
            assert functions == {"CheckStock", "Charge", "PrintLabel"}
            order = json.dumps({"order": "o-1", "article": "lamp", "amount": 50})
            arn = states.start_execution(stateMachineArn=machines["orders-dev"]["stateMachineArn"], input=order)[
                "executionArn"
            ]
            while (found := states.describe_execution(executionArn=arn))["status"] == "RUNNING":
                time.sleep(0.05)
            assert found["status"] == "SUCCEEDED", found
            assert json.loads(found["output"])["shipping"] == {"label": "o-1 by PrintLabel"}


def test_with_a_database_a_function_outlives_the_server(tmp_path: Path) -> None:
    with running(tmp_path, "--db", "runs.db") as url:
        create(client("lambda", url), "kept", "def handler(event, context):\n    return 'here'\n")
    with running(tmp_path, "--db", "runs.db") as url:
        assert client("lambda", url).invoke(FunctionName="kept")["Payload"].read() == b'"here"'


def test_a_target_that_cannot_run_keeps_the_server_from_starting(tmp_path: Path) -> None:
    (tmp_path / "bad.asl.json").write_text('{"StartAt": "X", "States": {"P": {"Type": "Pass", "End": true}}}')
    with pytest.raises(AssertionError, match="MISSING_TRANSITION_TARGET"), running(tmp_path, "bad.asl.json"):
        pass


def test_a_template_of_functions_alone_is_served(tmp_path: Path) -> None:
    template = tmp_path / "functions.yaml"
    template.write_text(
        "Resources:\n  Hello:\n    Type: AWS::Serverless::Function\n"
        "    Properties: {Runtime: python3.13, Handler: index.handler, InlineCode: 'def handler(e, c): return [e]'}\n"
    )
    with running(tmp_path, str(template)) as url:
        answer = client("lambda", url).invoke(FunctionName="Hello", Payload=b"1")
        assert json.loads(answer["Payload"].read()) == [1]
