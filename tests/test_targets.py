"""From what a user names to machines: every kind of target, and one sentence for everything that is none."""

import json
import os
from pathlib import Path

import pytest

from penstock.errors import InvalidDefinition, PenstockError, TargetNotFound
from penstock.targets import machine_name, open_target, placeholders

PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
SCRIPT = """
def helper(data):
    data["x"] = 1

def main(data):
    helper(data)

def other(data):
    pass
"""


def write(folder: Path, name: str, content: str | bytes) -> str:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


@pytest.mark.parametrize("name", ["flow.asl.json", "flow.json", "flow.asl", "flow"])
def test_json_definitions(tmp_path, name):
    target = open_target(write(tmp_path, name, json.dumps(PASS)))
    assert target.machine().name == "flow"
    assert target.machine().definition is not None


def test_yaml_definitions(tmp_path):
    text = "StartAt: A\nStates:\n  A:\n    Type: Pass\n    End: true\n"
    target = open_target(write(tmp_path, "flow.asl.yaml", text))
    assert target.machine().document == PASS


def test_a_path_object_a_dict_and_stdin(tmp_path):
    assert open_target(Path(write(tmp_path, "x.json", json.dumps(PASS)))).machine().document == PASS
    assert open_target(PASS).machine().document == PASS
    assert open_target("-", stdin=json.dumps(PASS).encode()).machine().document == PASS


def test_a_dict_that_is_changed_later_changes_nothing():
    mine = json.loads(json.dumps(PASS))
    target = open_target(mine)
    mine["States"]["A"]["Type"] = "Nonsense"
    assert target.machine().document == PASS


def test_main_is_the_default_machine_of_a_script(tmp_path):
    target = open_target(write(tmp_path, "project.py", SCRIPT))
    assert target.machine().name == "main"
    assert target.machine("other").name == "other"


def test_the_only_machine_is_the_default_whatever_its_name(tmp_path):
    assert open_target(write(tmp_path, "project.py", "def flow(data):\n    pass\n")).machine().name == "flow"


def test_several_machines_without_main_are_listed(tmp_path):
    target = open_target(write(tmp_path, "project.py", "def a(data):\n    pass\n\ndef b(data):\n    pass\n"))
    with pytest.raises(TargetNotFound, match="pick one with --machine: a, b"):
        target.machine()


def test_a_wrong_machine_name_is_answered_with_a_near_one(tmp_path):
    with pytest.raises(TargetNotFound, match="did you mean other"):
        open_target(write(tmp_path, "project.py", SCRIPT)).machine("othr")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("e.json", b"", "is empty"),
        ("b.json", bytes(range(200, 255)), "Invalid UTF-8"),
        ("l.json", b"[1]", "must be a valid JSON object"),
        ("c.json", b'{"StartAt": ', "Unexpected end-of-input"),
        ("d.json", b"[" * 1000 + b"]" * 1000, "nested deeper"),
        ("h.json", b'{"a": "' + b"x" * 5_000_000 + b'"}', "5,000,009 bytes"),
        ("y.yaml", b"a: [1", "not YAML"),
        ("t.yaml", b"Resources: {}\n", "without a state machine"),
        ("p.py", b"def main(data)\n    pass", "not valid Python"),
        ("b.py", bytes(range(128, 255)), "not UTF-8"),
        ("n.py", b"x = '\0'", "null"),
        ("e.py", b"", "no state machine"),
        ("h.py", b"x = 1\n" * 900_000, "1,000,000"),
        ("d.py", b"def main(data):\n    data['x'] = " + b"[" * 1000 + b"]" * 1000, "nested too deeply"),
        ("f.py", b"from metaflow import FlowSpec\nclass F(FlowSpec):\n    pass\n", "later version"),
        ("what.txt", b"hello", "no ending that says what it is"),
    ],
)
def test_what_cannot_be_read_at_all_is_refused_in_one_sentence(tmp_path, name, content, words):
    with pytest.raises(InvalidDefinition, match=words) as caught:
        open_target(write(tmp_path, name, content))
    assert caught.value.exit_code == 3
    assert "Traceback" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nope.py", "There is no file"),
        ("", "empty text"),
        ("a\0b", "cannot be read"),
        ("x" * 5000, "cannot be read"),
        ("pkg.mod:flow", "no module pkg"),
        ("flow.py:build", "There is no file"),
    ],
)
def test_what_is_not_there_is_said(name, words):
    with pytest.raises(PenstockError, match=words) as caught:
        open_target(name)
    assert caught.value.exit_code == 3


def test_a_folder_names_the_script_in_it(tmp_path):
    write(tmp_path, "project.py", SCRIPT)
    with pytest.raises(TargetNotFound, match=r"is a folder; name a file in it, such as .*project\.py"):
        open_target(tmp_path)


def test_a_near_file_name_is_offered(tmp_path):
    write(tmp_path, "order.asl.json", "{}")
    with pytest.raises(TargetNotFound, match=r"did you mean .*order\.asl\.json"):
        open_target(tmp_path / "oder.asl.json")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path):
    file = write(tmp_path, "x.json", "{}")
    os.chmod(file, 0)
    with pytest.raises(TargetNotFound, match="may not be read"):
        open_target(file)


def test_an_endless_file_is_not_read_to_its_end():
    with pytest.raises(InvalidDefinition, match="longer than 16 MiB"):
        open_target("/dev/zero")


@pytest.mark.parametrize("value", [{"a": object()}, {"a": float("nan")}, {"a": {1, 2}}])
def test_a_dict_that_is_no_json_is_refused(value):
    with pytest.raises(InvalidDefinition, match="not JSON"):
        open_target(value)


@pytest.mark.parametrize("value", [None, 3, ["x"]])
def test_a_target_of_another_type_is_refused(value):
    with pytest.raises(InvalidDefinition, match="a path or a definition as a dict"):
        open_target(value)


def test_a_definition_that_reads_but_is_wrong_loads_with_its_problems():
    target = open_target({"StartAt": 3})
    assert target.machine().document == {"StartAt": 3}
    assert any(each.is_error for each in target.diagnostics)


def test_a_script_with_a_mistake_loads_with_its_problems(tmp_path):
    target = open_target(write(tmp_path, "project.py", "def main(data):\n    data['x'] = 1\n\nprint('x')\n"))
    assert [each.code for each in target.diagnostics] == ["PS101"]


def test_no_other_machine_stands_in_for_one_that_mistakes_keep_from_being_there(tmp_path):
    target = open_target(write(tmp_path, "project.py", "def helper(data):\n    data['x'] = 1\n\nprint('x')\n"))
    with pytest.raises(InvalidDefinition, match="no use for this statement"):
        target.machine("mian")


@pytest.mark.parametrize(
    ("file", "name"),
    [("order flow.asl.json", "order-flow"), ("x.YAML", "x"), ("ünï.json", "n"), (".json", "StateMachine")],
)
def test_machine_names_are_names_that_aws_takes(file, name):
    assert machine_name(file) == name


def test_placeholders_are_found_wherever_they_stand():
    assert placeholders({"a": ["x ${B} ${A}", {"c": "${B}"}], "d": "${!no} ${} $x"}) == ["B", "A"]
