"""Functions found in a folder, without running any of it."""

from __future__ import annotations

import shutil
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
    found = functions_in(tmp_path).functions
    assert [(each.name, each.handler) for each in found] == [
        ("imported", "imported.lambda_handler"),
        ("notify", "notify.handler"),
        ("orders", "app.lambda_handler"),
    ]
    with service(*found) as lambda_:
        assert [invoke(lambda_, name, {})["Payload"] for name in ("notify", "orders")] == ["notify", 3]


def test_a_file_that_is_no_python_is_a_function_that_says_so(tmp_path: Path) -> None:
    with service(*functions_in(write(tmp_path, broken="def handler(:\n")).functions) as lambda_:
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
        ({"a b": "def handler(e, c): ...\n"}, "a b.py is left out: .* up to 64 .* Rename it"),
    ],
)
def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path, files: dict[str, str], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        functions_in(write(tmp_path, **files))


def test_a_file_that_cannot_be_a_function_is_left_out_and_the_others_are_there(tmp_path: Path) -> None:
    write(
        tmp_path,
        good="def handler(e, c): ...\n",
        **{"v1.2": "def handler(e, c): ...\n", "a b__app": "def handler(e, c): ...\n"},
    )
    found = functions_in(tmp_path)
    assert [each.name for each in found.functions] == ["good"]
    end = (
        "is left out: a function's name has up to 64 letters, digits, - and _, and this has not. Rename it, or give it a name "
        "that begins with _ if it is no function."
    )
    assert found.left_out == (f"{tmp_path / 'a b'} {end}", f"{tmp_path / 'v1.2.py'} {end}")


def test_a_file_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    write(tmp_path, good="def handler(e, c): ...\n")
    (tmp_path / "gone.py").symlink_to("nowhere.py")
    found = functions_in(tmp_path)
    assert [each.name for each in found.functions] == ["good"]
    why = "it cannot be read (No such file or directory). Make it readable, or take it away."
    assert found.left_out == (f"{tmp_path / 'gone.py'} is left out: {why}",)


def test_a_folder_that_is_gone_since_is_told_and_may_come_back(tmp_path: Path) -> None:
    told: list[str] = []
    write(tmp_path, orders__app="def handler(e, c): return 1\n")
    with service(*functions_in(tmp_path).functions, log=lambda name, text: told.append(text)) as lambda_:
        assert invoke(lambda_, "orders", {})["Payload"] == 1
        (tmp_path / "orders" / "app.py").rename(tmp_path / "app.py")
        shutil.rmtree(tmp_path / "orders")
        answer = invoke(lambda_, "orders", {})["Payload"]
        assert (answer["errorType"], answer["errorMessage"]) == (
            "Runtime.ImportModuleError",
            f"The folder of its code, {tmp_path / 'orders'}, cannot be entered: No such file or directory. Put it back, or let "
            "this user read it.",
        )
        assert "_worker.py" not in "".join(told)
        write(tmp_path, orders__app="def handler(e, c): return 2\n")
        assert invoke(lambda_, "orders", {})["Payload"] == 2


def test_no_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="There is no folder"):
        functions_in(tmp_path / "gone")
