"""Functions found in a folder, without running any of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.services.lambda_.functions import invoke, service

from penstock.errors import InvalidInput
from penstock.services.lambda_.folders import functions_in


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_each_file_and_each_subfolder_with_a_handler_is_a_function(tmp_path: Path) -> None:
    write(
        tmp_path,
        notify="def handler(event, context):\n    return 'notify'\n",
        orders__app="from prices import PRICE\ndef lambda_handler(event, context):\n    return PRICE\n",
        orders__prices="PRICE = 3\n",
        imported="from json import dumps as lambda_handler\n",
        helper="def help(): ...\n",
        _private="def handler(event, context): ...\n",
        notes__other="def handler(event, context): ...\n",
    )
    (tmp_path / "README.md").write_text("x")
    found = functions_in(tmp_path)
    assert [(each.name, each.handler) for each in found] == [
        ("imported", "imported.lambda_handler"),
        ("notify", "notify.handler"),
        ("orders", "app.lambda_handler"),
    ]
    with service(*found) as lambda_:
        assert [invoke(lambda_, name, {})["Payload"] for name in ("notify", "orders")] == ["notify", 3]


def test_a_file_that_is_no_python_is_a_function_that_says_so(tmp_path: Path) -> None:
    with service(*functions_in(write(tmp_path, broken="def handler(:\n"))) as lambda_:
        assert invoke(lambda_, "broken", {})["Payload"]["errorType"] == "Runtime.UserCodeSyntaxError"


def test_no_code_is_run_to_find_them(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    functions_in(write(tmp_path / "f", f=f"open({str(marker)!r}, 'w')\ndef handler(e, c): ...\n"))
    assert not marker.exists()


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "holds no function"),
        ({"helper": "x = 1\n"}, "holds no function"),
        ({"a b": "def handler(e, c): ...\n"}, "up to 64"),
    ],
)
def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path, files: dict[str, str], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        functions_in(write(tmp_path, **files))


def test_no_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="There is no folder"):
        functions_in(tmp_path / "gone")
