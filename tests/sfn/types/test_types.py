"""Wrong use is a type error, in mypy and in pyright; right use is none."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from penstock.sfn.generating import write_services

USES = Path(__file__).with_name("uses.py")


def mypy(*files: Path, folder: Path) -> list[tuple[str, int, str]]:
    """(file, line, message) of each error."""
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--no-error-summary",
        "--cache-dir",
        str(folder / "cache"),
        *files,
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    found = []
    for line in done.stdout.splitlines():
        name, number, kind, message = line.split(":", 3)
        if kind.strip() == "error":
            found.append((Path(name).name, int(number), message.strip()))
    return found


def pyright(*files: Path, folder: Path) -> list[tuple[str, int, str]]:
    """The same by pyright."""
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, *files]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    report = json.loads(done.stdout)["generalDiagnostics"]
    return [
        (Path(each["file"]).name, each["range"]["start"]["line"] + 1, each["message"])
        for each in report
        if each["severity"] == "error"
    ]


CHECKERS = [
    pytest.param(mypy, id="mypy"),
    pytest.param(
        pyright,
        id="pyright",
        marks=pytest.mark.skipif(
            find_spec("pyright") is None or shutil.which("node") is None, reason="pyright needs its package, and node"
        ),
    ),
]


@pytest.mark.parametrize("checker", CHECKERS)
def test_exactly_the_wrong_lines_are_reported(checker: object, tmp_path: Path) -> None:
    lines = USES.read_text(encoding="utf-8").splitlines()
    wrong = {number for number, line in enumerate(lines, 1) if line.endswith("# wrong")}
    found = {line: message for _, line, message in checker(USES, folder=tmp_path)}  # type: ignore[operator]
    assert sorted(wrong - set(found)) == [], "not reported"
    assert {line: found[line] for line in sorted(set(found) - wrong)} == {}, "reported without need"
    assert len(wrong) >= 40


@pytest.mark.parametrize("checker", CHECKERS)
def test_services_that_are_written_are_typed(checker: object, tmp_path: Path) -> None:
    (tmp_path / "aws_tasks.py").write_text(write_services(["s3", "dynamodb:query", "lambda:create_function"]))
    use = tmp_path / "use.py"
    use.write_text(
        "from aws_tasks import DynamoDbQuery, LambdaCreateFunction, S3GetObject, S3ListObjectsV2\n"
        'S3GetObject("a", Bucket="b", Key="k", result_path="$.x")\n'
        'S3ListObjectsV2("l", Bucket="b", MaxKeys=3)\n'
        'DynamoDbQuery("q", TableName="t", ExpressionAttributeValues={":a": {"S": "x"}})\n'
        'LambdaCreateFunction("f", FunctionName="f", Role="r", Code={"S3Bucket": "b"})\n'
        'S3GetObject("a", Bucket="b")\n'
        'S3GetObject("a", Bucket="b", Key=3)\n'
        'S3ListObjectsV2("l", Bucket="b", MaxKey=3)\n'
        'DynamoDbQuery("q", TableName="t", ExpressionAttributeValues={":a": {"S": 1}})\n'
        'LambdaCreateFunction("f", FunctionName="f", Role="r", Code={"S3Buket": "b"})\n'
    )
    found = checker(tmp_path / "aws_tasks.py", use, folder=tmp_path)  # type: ignore[operator]
    assert [each for each in found if each[0] != "use.py"] == []
    assert sorted({line for _, line, _ in found}) == [6, 7, 8, 9, 10]
