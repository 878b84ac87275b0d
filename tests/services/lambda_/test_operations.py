"""The operations on functions, versions, aliases and policies, as clients call them."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.services.lambda_.functions import PREFIX, ROLE, archive, create, folder_function, invoke, service

from penstock.errors import ServiceError
from penstock.services.lambda_ import Lambda

CODE = "def handler(event, context):\n    return context.function_version, context.invoked_function_arn\n"


@pytest.fixture
def lambda_() -> Iterator[Lambda]:
    with service() as opened:
        yield opened


def refused(lambda_: Lambda, operation: str, **parameters: Any) -> tuple[str, str]:
    with pytest.raises(ServiceError) as error:
        lambda_.call(operation, parameters)
    return error.value.code, str(error.value)


def test_a_function_is_described_as_it_was_created(lambda_: Lambda) -> None:
    made = create(
        lambda_,
        "f",
        CODE,
        Timeout=9,
        MemorySize=256,
        Description="d",
        Tags={"a": "b"},
        Layers=[f"{PREFIX[:-9]}:layer:l:1"],
    )
    assert made["FunctionArn"] == f"{PREFIX}:f"
    assert (made["Timeout"], made["MemorySize"], made["Description"], made["Version"]) == (9, 256, "d", "$LATEST")
    assert (made["State"], made["LastUpdateStatus"]) == ("Active", "Successful")
    assert made["CodeSize"] == len(archive(app=CODE))
    assert made["Layers"] == [{"Arn": f"{PREFIX[:-9]}:layer:l:1", "CodeSize": 0}]
    got = lambda_.call("GetFunction", {"FunctionName": "f"})
    assert got["Configuration"] == made == lambda_.call("GetFunctionConfiguration", {"FunctionName": f"{PREFIX}:f"})
    assert got["Tags"] == {"a": "b"}
    assert got["Code"]["Location"].startswith("file:///")


@pytest.mark.parametrize("name", ["f", "123456789012:function:f", f"{PREFIX}:f", "function:f"])
def test_a_function_has_many_names(lambda_: Lambda, name: str) -> None:
    create(lambda_, "f", CODE)
    assert lambda_.call("GetFunctionConfiguration", {"FunctionName": name})["FunctionName"] == "f"
    latest = lambda_.call("GetFunctionConfiguration", {"FunctionName": f"{name}:$LATEST"})
    assert latest["FunctionArn"] == f"{PREFIX}:f:$LATEST"


@pytest.mark.parametrize(
    ("name", "arn"),
    [
        ("g", f"{PREFIX}:g"),
        ("f:7", f"{PREFIX}:f:7"),
        ("f:live", f"{PREFIX}:f:live"),
        ("arn:aws:lambda:eu-west-1:123456789012:function:f", "arn:aws:lambda:eu-west-1:123456789012:function:f"),
        ("999999999999:function:f", "999999999999:function:f"),
    ],
)
def test_what_is_not_there_is_named(lambda_: Lambda, name: str, arn: str) -> None:
    create(lambda_, "f", CODE)
    found = refused(lambda_, "GetFunction", FunctionName=name)
    assert found == ("ResourceNotFoundException", f"Function not found: {arn}")


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"Handler": None}, "InvalidParameterValueException", "Runtime and Handler are mandatory"),
        ({"Code": {}}, "InvalidParameterValueException", "Please provide a source for function code."),
        ({"Code": {"ZipFile": b"no"}}, "InvalidParameterValueException", "Could not unzip uploaded file."),
        ({"Code": {"S3Bucket": "bucket", "S3Key": "k"}}, "InvalidParameterValueException", "no endpoint_url"),
        ({"Code": {"S3Bucket": "hot-reload", "S3Key": "/nowhere"}}, "InvalidParameterValueException", "no folder"),
        ({"Environment": {"Variables": {"_HANDLER": "x"}}}, "InvalidParameterValueException", "reserved keys"),
        ({"Environment": {"Variables": {"A": "x" * 5000}}}, "InvalidParameterValueException", "exceeded the 4KB limit"),
        ({"MemorySize": 64}, "ValidationException", "Value '64' at 'memorySize' failed to satisfy constraint: Member must have value"),
        ({"Timeout": 0}, "ValidationException", "'timeout'"),
        ({"Role": "me"}, "ValidationException", "'role'"),
        ({"FunctionName": "no space"}, "ValidationException", "'functionName'"),
        ({"Timeout": "soon"}, "SerializationException", "Timeout"),
    ],
)  # fmt: skip
def test_what_a_function_cannot_be_is_refused(lambda_: Lambda, changes: dict[str, Any], code: str, words: str) -> None:
    given: dict[str, Any] = {
        "FunctionName": "f",
        "Runtime": "python3.13",
        "Role": ROLE,
        "Handler": "app.handler",
        "Code": {"ZipFile": archive(app=CODE)},
    }
    found = refused(lambda_, "CreateFunction", **(given | changes))
    assert found[0] == code
    assert words in found[1]
    assert lambda_.call("ListFunctions", {}) == {"Functions": []}


def test_a_name_is_given_once(lambda_: Lambda) -> None:
    create(lambda_, "f", CODE)
    with pytest.raises(ServiceError, match="Function already exist: f") as error:
        create(lambda_, "f", CODE)
    assert error.value.code == "ResourceConflictException"


def _evil(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as opened:
        for name in names:
            opened.writestr(name, "x = 1")
    return out.getvalue()


@pytest.mark.parametrize("name", ["../out.py", "/out.py", "a/../../out.py", "a\\..\\..\\out.py"])
def test_an_archive_cannot_write_outside_of_its_folder(lambda_: Lambda, name: str) -> None:
    code = {"ZipFile": _evil("app.py", name)}
    found = refused(
        lambda_, "CreateFunction", FunctionName="f", Runtime="python3.13", Role=ROLE, Handler="app.h", Code=code
    )
    assert found[1].startswith("Could not unzip uploaded file.")
    folder = lambda_._state.store._home()
    assert not list(folder.iterdir())
    assert not (folder.parent / "out.py").exists()


def test_an_archive_that_grows_too_much_is_not_unpacked(lambda_: Lambda) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("big", b"\0" * 262_144_001)
    code = {"ZipFile": out.getvalue()}
    found = refused(
        lambda_, "CreateFunction", FunctionName="f", Runtime="python3.13", Role=ROLE, Handler="app.h", Code=code
    )
    assert found[1] == "Unzipped size must be smaller than 262144000 bytes"
    assert not list(lambda_._state.store._home().iterdir())


def test_code_that_nobody_has_any_more_is_removed(lambda_: Lambda) -> None:
    create(lambda_, "f", CODE)
    create(lambda_, "same", CODE)
    folder = lambda_._state.store._home()
    assert len(list(folder.iterdir())) == 1
    lambda_.call("PublishVersion", {"FunctionName": "f"})
    lambda_.call("UpdateFunctionCode", {"FunctionName": "f", "ZipFile": archive(app="x = 2")})
    lambda_.call("DeleteFunction", {"FunctionName": "same"})
    assert len(list(folder.iterdir())) == 2  # the version still has the old code
    lambda_.call("DeleteFunction", {"FunctionName": "f"})
    assert not list(folder.iterdir())


def test_a_folder_takes_the_place_of_an_archive(lambda_: Lambda, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(CODE)
    code = {"S3Bucket": "hot-reload", "S3Key": str(tmp_path)}
    lambda_.call(
        "CreateFunction",
        {"FunctionName": "f", "Runtime": "python3.13", "Role": ROLE, "Handler": "app.handler", "Code": code},
    )
    assert invoke(lambda_, "f", {})["Payload"] == ["$LATEST", f"{PREFIX}:f"]
    lambda_.call("DeleteFunction", {"FunctionName": "f"})
    assert (tmp_path / "app.py").exists()  # it is the user's


def test_versions_keep_what_was_published(lambda_: Lambda) -> None:
    create(lambda_, "f", "def handler(e, c):\n    return 1\n")
    first = lambda_.call("PublishVersion", {"FunctionName": "f", "Description": "the first"})
    assert (first["Version"], first["FunctionArn"], first["Description"]) == ("1", f"{PREFIX}:f:1", "the first")
    assert lambda_.call("PublishVersion", {"FunctionName": "f"})["Version"] == "1"  # nothing has changed
    updated = lambda_.call(
        "UpdateFunctionCode",
        {"FunctionName": "f", "ZipFile": archive(app="def handler(e, c):\n    return 2\n"), "Publish": True},
    )
    assert updated["Version"] == "2"
    assert [invoke(lambda_, name, {})["Payload"] for name in ("f", "f:1", "f:2")] == [2, 1, 2]
    listed = lambda_.call("ListVersionsByFunction", {"FunctionName": "f"})["Versions"]
    assert [each["Version"] for each in listed] == ["$LATEST", "1", "2"]
    assert refused(lambda_, "PublishVersion", FunctionName="f", CodeSha256="x")[0] == "InvalidParameterValueException"
    lambda_.call("DeleteFunction", {"FunctionName": "f", "Qualifier": "1"})
    assert refused(lambda_, "Invoke", FunctionName="f:1")[1] == f"Function not found: {PREFIX}:f:1"
    assert (
        refused(lambda_, "DeleteFunction", FunctionName="f", Qualifier="$LATEST")[0] == "InvalidParameterValueException"
    )


def test_aliases_point_to_versions(lambda_: Lambda) -> None:
    create(lambda_, "f", CODE)
    lambda_.call("PublishVersion", {"FunctionName": "f"})
    made = lambda_.call("CreateAlias", {"FunctionName": "f", "Name": "live", "FunctionVersion": "1"})
    assert made["AliasArn"] == f"{PREFIX}:f:live"
    assert invoke(lambda_, "f:live", {})["Payload"] == ["1", f"{PREFIX}:f:live"]
    assert invoke(lambda_, "f", {}, Qualifier="live")["ExecutedVersion"] == "1"
    assert (
        refused(lambda_, "CreateAlias", FunctionName="f", Name="live", FunctionVersion="1")[0]
        == "ResourceConflictException"
    )
    assert (
        refused(lambda_, "CreateAlias", FunctionName="f", Name="x", FunctionVersion="9")[1]
        == f"Function not found: {PREFIX}:f:9"
    )
    assert refused(lambda_, "GetAlias", FunctionName="f", Name="x")[1] == f"Cannot find alias arn: {PREFIX}:f:x"
    assert refused(lambda_, "DeleteFunction", FunctionName="f", Qualifier="1")[0] == "ResourceConflictException"
    mixed = "The derived qualifier from the function name does not match the specified qualifier."
    assert refused(lambda_, "Invoke", FunctionName="f:live", Qualifier="1") == ("InvalidParameterValueException", mixed)
    lambda_.call("UpdateAlias", {"FunctionName": "f", "Name": "live", "FunctionVersion": "$LATEST"})
    assert invoke(lambda_, "f:live", {})["ExecutedVersion"] == "$LATEST"
    assert [a["Name"] for a in lambda_.call("ListAliases", {"FunctionName": "f"})["Aliases"]] == ["live"]
    lambda_.call("DeleteAlias", {"FunctionName": "f", "Name": "live"})
    lambda_.call("DeleteAlias", {"FunctionName": "f", "Name": "live"})
    assert refused(lambda_, "Invoke", FunctionName="f:live")[0] == "ResourceNotFoundException"


def test_an_alias_shares_calls_between_two_versions(lambda_: Lambda) -> None:
    create(lambda_, "f", CODE)
    lambda_.call("PublishVersion", {"FunctionName": "f"})
    lambda_.call("UpdateFunctionConfiguration", {"FunctionName": "f", "Description": "other"})
    lambda_.call("PublishVersion", {"FunctionName": "f"})
    routes = {"AdditionalVersionWeights": {"2": 0.5}}
    alias = {"FunctionName": "f", "Name": "live", "FunctionVersion": "1", "RoutingConfig": routes}
    assert lambda_.call("CreateAlias", alias)["RoutingConfig"] == routes
    executed = {invoke(lambda_, "f:live", {}, InvocationType="DryRun")["ExecutedVersion"] for _ in range(100)}
    assert executed == {"1", "2"}
    assert (
        refused(lambda_, "UpdateAlias", **(alias | {"FunctionVersion": "$LATEST"}))[0]
        == "InvalidParameterValueException"
    )


def test_an_update_for_another_revision_is_refused(lambda_: Lambda) -> None:
    revision = create(lambda_, "f", CODE)["RevisionId"]
    changed = lambda_.call("UpdateFunctionConfiguration", {"FunctionName": "f", "Timeout": 5, "RevisionId": revision})
    assert changed["Timeout"] == 5
    again = refused(lambda_, "UpdateFunctionConfiguration", FunctionName="f", Timeout=6, RevisionId=revision)
    assert again[0] == "PreconditionFailedException"


def test_a_policy_is_kept_as_it_is_written(lambda_: Lambda) -> None:
    create(lambda_, "f", CODE)
    assert refused(lambda_, "GetPolicy", FunctionName="f")[1] == "The resource you requested does not exist."
    given = {
        "FunctionName": "f",
        "StatementId": "s",
        "Action": "lambda:InvokeFunction",
        "Principal": "states.amazonaws.com",
    }
    statement = json.loads(
        lambda_.call("AddPermission", {**given, "SourceArn": "arn:aws:s3:::b", "SourceAccount": "123456789012"})[
            "Statement"
        ]
    )
    assert statement == {
        "Sid": "s",
        "Effect": "Allow",
        "Principal": {"Service": "states.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": f"{PREFIX}:f",
        "Condition": {"StringEquals": {"AWS:SourceAccount": "123456789012"}, "ArnLike": {"AWS:SourceArn": "arn:aws:s3:::b"}},
    }  # fmt: skip
    assert json.loads(lambda_.call("GetPolicy", {"FunctionName": "f"})["Policy"])["Statement"] == [statement]
    assert refused(lambda_, "AddPermission", **given)[0] == "ResourceConflictException"
    assert refused(lambda_, "RemovePermission", FunctionName="f", StatementId="x")[0] == "ResourceNotFoundException"
    lambda_.call("RemovePermission", {"FunctionName": "f", "StatementId": "s"})
    assert refused(lambda_, "GetPolicy", FunctionName="f")[0] == "ResourceNotFoundException"


def test_tags_are_added_and_removed(lambda_: Lambda) -> None:
    create(lambda_, "f", CODE, Tags={"a": "1"})
    arn = f"{PREFIX}:f"
    lambda_.call("TagResource", {"Resource": arn, "Tags": {"b": "2"}})
    lambda_.call("UntagResource", {"Resource": arn, "TagKeys": ["a", "z"]})
    assert lambda_.call("ListTags", {"Resource": arn}) == {"Tags": {"b": "2"}}
    assert refused(lambda_, "ListTags", Resource=f"{PREFIX}:g")[0] == "ResourceNotFoundException"


def test_functions_come_in_pages(lambda_: Lambda, tmp_path: Path) -> None:
    names = [f"f{number:02d}" for number in range(7)]
    lambda_.register(folder_function(tmp_path, CODE, name=name) for name in names)
    found: list[str] = []
    marker: dict[str, Any] = {}
    while True:
        page = lambda_.call("ListFunctions", {"MaxItems": 3, **marker})
        assert len(page["Functions"]) <= 3
        found += [each["FunctionName"] for each in page["Functions"]]
        if "NextMarker" not in page:
            break
        marker = {"Marker": page["NextMarker"]}
    assert found == names
    assert refused(lambda_, "ListFunctions", Marker="?")[0] == "InvalidParameterValueException"
    everything = lambda_.call("ListFunctions", {"FunctionVersion": "ALL"})["Functions"]
    assert everything[0]["FunctionArn"] == f"{PREFIX}:f00:$LATEST"


def test_what_clients_ask_after_as_a_matter_of_course_is_answered(lambda_: Lambda) -> None:
    create(lambda_, "f", CODE)
    for operation in (
        "GetFunctionCodeSigningConfig",
        "GetFunctionConcurrency",
        "GetRuntimeManagementConfig",
        "GetFunctionRecursionConfig",
        "ListProvisionedConcurrencyConfigs",
        "ListFunctionUrlConfigs",
        "ListFunctionEventInvokeConfigs",
        "ListEventSourceMappings",
    ):
        lambda_.call(operation, {"FunctionName": "f"})
    assert lambda_.call("GetAccountSettings", {})["AccountUsage"]["FunctionCount"] == 1
    lambda_.call("PutFunctionConcurrency", {"FunctionName": "f", "ReservedConcurrentExecutions": 5})
    assert lambda_.call("GetFunction", {"FunctionName": "f"})["Concurrency"] == {"ReservedConcurrentExecutions": 5}
    too_many = {"FunctionName": "f", "ReservedConcurrentExecutions": 901}
    assert refused(lambda_, "PutFunctionConcurrency", **too_many)[0] == "InvalidParameterValueException"
    lambda_.call("DeleteFunctionConcurrency", {"FunctionName": "f"})
    assert lambda_.call("GetFunctionConcurrency", {"FunctionName": "f"}) == {}
    assert (
        refused(lambda_, "CreateFunctionUrlConfig", FunctionName="f", AuthType="NONE")[0] == "UnknownOperationException"
    )


@pytest.mark.parametrize(("member", "at", "most"), [("Timeout", "timeout", 900), ("MemorySize", "memorySize", 10_240)])
def test_a_function_has_no_more_than_lambda_gives(lambda_: Lambda, member: str, at: str, most: int) -> None:
    words = f"at '{at}' failed to satisfy constraint: Member must have value less than or equal to {most}"
    assert create(lambda_, "f", CODE, **{member: most})[member] == most
    code, message = refused(lambda_, "UpdateFunctionConfiguration", FunctionName="f", **{member: most + 1})
    assert (code, message) == ("ValidationException", f"1 validation error detected: Value '{most + 1}' {words}")
    assert lambda_.call("GetFunctionConfiguration", {"FunctionName": "f"})[member] == most
