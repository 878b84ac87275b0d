"""Log groups in a folder: whatever their names are, they stay in it, and can be read again."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.errors import ServiceError
from penstock.services.logs.folder import LogFolder
from penstock.services.logs.service import CloudWatchLogs, group_of

NAMES = [
    "g",
    "/aws/vendedlogs/states/m",
    "..",
    ".",
    "../../x",
    "a/../../b",
    "C:\\x",
    "con",
    "a" * 512,
    "é%2F",
    "\0\n",
    "~a",
    "\ud800",
]


@pytest.fixture
def logs(tmp_path: Path) -> Any:
    folder = LogFolder(tmp_path / "data" / "logs")
    yield folder
    folder.close()


def test_names_stay_in_the_folder_and_come_back(logs: LogFolder, tmp_path: Path) -> None:
    for name in NAMES:
        logs.write(name, name, 1, {"of": len(name)})
    groups = {group.name: group for group in logs.groups()}
    readable = [name for name in NAMES if "\ud800" not in name]
    assert set(readable) <= set(groups)
    for name in readable:
        streams = logs.streams(groups[name])
        assert list(streams) == [name]
        (line,) = logs.lines(streams[name])
        assert json.loads(line.message) == {"of": len(name)}
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["logs"]
    for path in (tmp_path / "data" / "logs").rglob("*"):
        assert len(path.relative_to(tmp_path / "data" / "logs").parts) <= 2


@given(first=st.text(max_size=600), second=st.text(max_size=600))
def test_two_groups_never_share_a_folder(first: str, second: str) -> None:
    from penstock.services.logs.folder import _file_name

    names = [_file_name(each) for each in (first, second)]
    assert (names[0] == names[1]) is (first == second)
    assert all(len(name) < 200 and "/" not in name and "." not in name and "\\" not in name for name in names)


@pytest.mark.skipif(sys.platform == "win32", reason="file modes are POSIX's")
def test_nobody_else_may_read_them(logs: LogFolder, tmp_path: Path) -> None:
    logs.write("g", "s", 1, "x")
    logs.flush()
    for path in (tmp_path / "data" / "logs").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


def test_nothing_is_made_before_there_is_something_to_write(logs: LogFolder, tmp_path: Path) -> None:
    assert logs.groups() == []
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_takes_nothing_loses_lines_and_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "logs").write_text("a file where the folder would be")
    logs = LogFolder(tmp_path / "logs")
    logs.write("g", "s", 1, "x")
    logs.write("g", "s", 2, "x")
    logs.close()
    assert [record.getMessage() for record in caplog.records if "cannot be written" in record.getMessage()] != []


def test_half_a_line_of_a_process_that_was_killed_is_passed_over(logs: LogFolder) -> None:
    logs.write("g", "s", 1, "whole")
    (group,) = logs.groups()
    path = logs.streams(group)["s"]
    with path.open("ab") as file:
        file.write(b'{"timestamp": 2, "mess')
    assert [line.message for line in logs.lines(path)] == ['"whole"']


@pytest.fixture
def service(logs: LogFolder) -> CloudWatchLogs:
    for number in range(5):
        logs.write("g", f"s{number % 2}", 1000 + number, {"type": "A" if number % 2 else "B", "id": str(number)})
    return CloudWatchLogs(logs, region="us-east-1", account="123456789012")


def ids(answer: dict[str, Any]) -> list[str]:
    return [json.loads(event["message"])["id"] for event in answer["events"]]


def test_events_of_all_streams_in_the_order_of_their_times(service: CloudWatchLogs) -> None:
    assert ids(service.call("FilterLogEvents", {"logGroupName": "g"})) == ["0", "1", "2", "3", "4"]
    assert ids(service.call("FilterLogEvents", {"logGroupName": "g", "startTime": 1001, "endTime": 1003})) == [
        "1",
        "2",
        "3",
    ]
    assert ids(service.call("FilterLogEvents", {"logGroupName": "g", "logStreamNames": ["s1"]})) == ["1", "3"]


def test_events_with_a_word(service: CloudWatchLogs) -> None:
    assert ids(service.call("FilterLogEvents", {"logGroupName": "g", "filterPattern": "A"})) == ["1", "3"]
    with pytest.raises(ServiceError, match="another form"):
        service.call("FilterLogEvents", {"logGroupName": "g", "filterPattern": "{ $.type = A }"})


def test_pages_of_events(service: CloudWatchLogs) -> None:
    found: list[str] = []
    more: dict[str, Any] = {}
    while True:
        answer = service.call("FilterLogEvents", {"logGroupName": "g", "limit": 2, **more})
        found += ids(answer)
        if "nextToken" not in answer:
            break
        more = {"nextToken": answer["nextToken"]}
    assert found == ["0", "1", "2", "3", "4"]
    last = service.call("GetLogEvents", {"logGroupName": "g", "logStreamName": "s0", "limit": 2})
    assert ids(last) == ["2", "4"]
    before = service.call(
        "GetLogEvents", {"logGroupName": "g", "logStreamName": "s0", "limit": 2, "nextToken": last["nextBackwardToken"]}
    )
    assert ids(before) == ["0"]
    end = service.call(
        "GetLogEvents", {"logGroupName": "g", "logStreamName": "s0", "nextToken": last["nextForwardToken"]}
    )
    assert (ids(end), end["nextForwardToken"]) == ([], last["nextForwardToken"])


@pytest.mark.parametrize(
    ("operation", "given", "code"),
    [
        ("GetLogEvents", {"logGroupName": "x", "logStreamName": "s0"}, "ResourceNotFoundException"),
        ("GetLogEvents", {"logGroupName": "g", "logStreamName": "x"}, "ResourceNotFoundException"),
        ("GetLogEvents", {"logGroupName": "g", "logStreamName": "s0", "nextToken": "é"}, "InvalidParameterException"),
        ("FilterLogEvents", {}, "InvalidParameterException"),
        ("FilterLogEvents", {"logGroupName": 1}, "SerializationException"),
        ("FilterLogEvents", {"logGroupName": "g", "limit": 0}, "InvalidParameterException"),
        ("FilterLogEvents", {"logGroupName": "g", "startTime": "x"}, "SerializationException"),
        ("FilterLogEvents", {"logGroupName": "g", "nextToken": "AAAA"}, "InvalidParameterException"),
        ("DescribeLogGroups", {"limit": 51}, "InvalidParameterException"),
        ("DeleteLogGroup", {"logGroupName": "g"}, "UnknownOperationException"),
        ("DescribeLogGroups", [], "SerializationException"),
    ],
)
def test_what_is_refused(service: CloudWatchLogs, operation: str, given: Any, code: str) -> None:
    with pytest.raises(ServiceError) as caught:
        service.call(operation, given)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("arn", "name"),
    [
        ("arn:aws:logs:us-east-1:123456789012:log-group:/aws/x:*", "/aws/x"),
        ("arn:aws:logs:us-east-1:123456789012:log-group:g", "g"),
        ("arn:aws:logs:us-east-1:123456789012:log-group:", None),
        ("arn:aws:s3:::g", None),
        ("g", None),
    ],
)
def test_the_group_of_an_arn(arn: str, name: str | None) -> None:
    assert group_of(arn) == name
