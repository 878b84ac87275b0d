"""compile, check, graph, explain, new and what holds for all commands."""

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET

import click
import pytest
from click.testing import CliRunner

from penstock.cli import app, output
from penstock.errors import UsageError


def invoke(*arguments: str) -> str:
    done = CliRunner().invoke(app.root, list(arguments))
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_commands_and_flags_are_frozen():
    context = click.Context(app.root)
    found = {}
    for name in app.root.list_commands(context):
        command = app.root.get_command(context, name)
        assert command is not None
        flags = [opt for each in command.params for opt in each.opts if opt.startswith("-")]
        found[name] = " ".join(flags)
    assert found == {
        "run": "--input --machine --time --mock --db --name --history --var --parameter --type --map-inputs --json -q --quiet",
        "compile": "--machine --all --yaml -o --output --source-map --var --parameter",
        "check": "--machine --format --json --severity --select --ignore --type --static --parameter",
        "import": "--machine --as -o --output",
        "services": "-o --output",
        "explain": "--json",
        "graph": "--machine --format --history -o --output --parameter",
        "state": "--input --mock --inspect --variables --context --configuration --machine --var --parameter --time"
        " --endpoint --token",
        "mocks": "--machine -o --output --write-input --write-objects --case --force --var --parameter --type",
        "resume": "--db --target --unpark --history --json -q --quiet",
        "redrive": "--db --endpoint --token --target --history --json -q --quiet",
        "runs": "",
        "server": "--db --host --port --token --allow-host --functions --parameter --log-format --log-level",
        "new": "",
        "completion": "",
    }


def test_help_imports_no_command_no_engine_and_no_rich():
    code = "import sys; from penstock.cli import main; main(['--help']); print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert not loaded & {
        "rich",
        "ruamel",
        "boto3",
        "orjson",
        "asyncio",
        "penstock.engine",
        "penstock.script",
        "penstock.api",
    }
    assert "Run a workflow here and now." in done.stdout


def test_running_a_definition_imports_neither_yaml_nor_rich_nor_the_script_language(folder):
    code = "import sys; from penstock.cli import main; main(['run', 'one.asl.json']); print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, cwd=folder)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert not loaded & {"rich", "ruamel", "ruamel.yaml", "boto3", "asyncio", "penstock.script", "jsonatapy"}


def test_version(penstock):
    assert penstock("--version").out.startswith("penstock 0.")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["rum"], "did you mean run?"),
        (["run"], "Missing argument"),
        (["run", "one.asl.json", "--tiem", "skip"], "--time"),
        (["run", "one.asl.json", "--time", "slow"], "'real', 'skip'"),
        (["run", "one.asl.json", "--var", "x"], "takes K=V"),
        (["run", "one.asl.json", "--map-inputs", "x", "--input", "{}"], "goes with neither"),
        (["run", "one.asl.json", "--name", "a b"], "cannot contain ' '"),
        (["graph", "one.asl.json", "--history", "one.asl.json"], "is not a history"),
        (["compile", "project.py", "--all", "--machine", "main"], "exclude each other"),
        (["explain", "PS9999"], "There is no diagnostic code"),
        (["check", "-", "one.asl.json"], "cannot be checked together"),
        (["new", "1x"], "begins with a letter"),
        (["new", "project.py"], "begins with a letter"),
        (["compile", "one.asl.json", "-o", "/no/such/folder/x"], "cannot be written"),
        (["compile", "one.asl.json", "-o", "."], "is a folder"),
    ],
)
def test_wrong_usage_is_exit_code_2_and_nothing_on_stdout(penstock, arguments, words):
    done = penstock(*arguments)
    assert (done.code, done.out) == (2, "")
    assert words in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("command", ["run", "compile", "graph", "check"])
@pytest.mark.parametrize("target", ["nope.py", ".", "bad.py", "bad.json", "empty.json"])
def test_a_target_that_does_not_read_is_exit_code_3(penstock, folder, command, target):
    (folder / "bad.py").write_text("def main(data)\n")
    (folder / "bad.json").write_text('{"StartAt": ')
    (folder / "empty.json").write_text("")
    done = penstock(command, target)
    assert done.code == 3
    assert done.err
    assert command == "check" or done.out == ""
    assert "Traceback" not in done.err + done.out


def test_a_wrong_setting_is_exit_code_2(penstock, folder):
    (folder / "penstock.toml").write_text("[awz]\n")
    done = penstock("run", "project.py")
    assert (done.code, done.out) == (2, "")
    assert "did you mean `aws`" in done.err


def test_flags_can_come_from_the_environment_and_win_over_it(penstock):
    long = ["run", "echo.asl.json", "-q", "--input", '{"s": 30000}']
    assert penstock(*long, env={"PENSTOCK_TIME": "skip"}).code == 0
    assert penstock(*long, "--time", "skip", env={"PENSTOCK_TIME": "real"}).code == 0
    assert penstock(*long, env={"PENSTOCK_TIME": "slow"}).code == 2


def test_a_bug_is_one_sentence_and_the_traceback_is_for_those_who_ask(monkeypatch, capsys):
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(app.root, "make_context", broken)
    monkeypatch.delenv("PENSTOCK_DEBUG", raising=False)
    assert app.main([]) == 70
    assert capsys.readouterr().err.count("\n") == 1
    monkeypatch.setenv("PENSTOCK_DEBUG", "1")
    assert app.main([]) == 70
    assert "Traceback" in capsys.readouterr().err


def test_a_closed_pipe_is_no_drama(folder):
    """Like `penstock explain | head -1`, and with nobody there at all."""
    code = "import sys; from penstock.cli import main; sys.exit(main())"
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-c", code, "explain"], stdout=write, stderr=subprocess.PIPE, cwd=folder, timeout=30
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")


# -- compile ------------------------------------------------------------------------------------------------------------


def test_compile_writes_the_same_bytes_every_time(penstock, folder):
    first = penstock("compile", "project.py")
    assert (first.code, first.err) == (0, "")
    assert json.loads(first.out)["States"]["Pay"]["Type"] == "Task"
    assert penstock("compile", "project.py", "-o", "out.json").out == ""
    assert (folder / "out.json").read_text() == first.out
    assert penstock("compile", "out.json").out == first.out
    assert penstock("compile", "project.py", "--yaml").out.startswith("StartAt:")


def test_compile_all_machines(penstock, folder):
    (folder / "two.py").write_text("def one(data):\n    pass\n\n\ndef two(data):\n    data['x'] = 1\n")
    assert list(json.loads(penstock("compile", "two.py", "--all").out)) == ["one", "two"]
    assert penstock("compile", "two.py", "--all", "-o", "out", "--yaml").code == 0
    assert sorted(each.name for each in (folder / "out").iterdir()) == ["one.asl.yaml", "two.asl.yaml"]
    assert penstock("compile", "two.py").code == 3


def test_compile_writes_a_source_map_and_fills_placeholders(penstock, folder):
    done = penstock("compile", "project.py", "--source-map", "map.json", "--var", "LambdaFunctionPay=arn:pay")
    assert json.loads(done.out)["States"]["Pay"]["Resource"] == "arn:pay"
    found = json.loads((folder / "map.json").read_text())
    assert (found["file"], found["states"]["Pay"]["line"]) == ("project.py", 13)


def test_compile_of_something_wrong_writes_nothing(penstock, folder):
    (folder / "out.json").write_text("before")
    done = penstock("compile", "wrong.asl.json", "-o", "out.json")
    assert (done.code, done.out) == (3, "")
    assert "MISSING_TRANSITION_TARGET" in done.err
    assert (folder / "out.json").read_text() == "before"


# -- check --------------------------------------------------------------------------------------------------------------


def test_check_finds_nothing_in_what_is_right(penstock):
    done = penstock("check", "project.py", "one.asl.json")
    assert (done.code, done.out, done.err) == (0, "", "no problems\n")


def test_check_reports_every_problem_with_its_line(penstock, folder):
    (folder / "bad.py").write_text("def main(data):\n    Nope()\n    Neither()\n")
    done = penstock("check", "bad.py", "wrong.asl.json")
    assert done.code == 1
    assert "bad.py:2:5: error[PS" in done.out
    assert "bad.py:3:5: error[PS" in done.out
    assert "wrong.asl.json:1:" in done.out
    assert "error[MISSING_TRANSITION_TARGET]" in done.out
    assert "errors" in done.err


def test_check_as_json_sarif_and_github(penstock):
    found = json.loads(penstock("check", "wrong.asl.json", "--json").out)
    assert {"code", "severity", "message", "location", "span", "help", "notes"} == set(found[0])
    sarif = json.loads(penstock("check", "wrong.asl.json", "--format", "sarif").out)
    assert sarif["version"] == "2.1.0"
    assert sarif["runs"][0]["results"][0]["ruleId"] == "MISSING_TRANSITION_TARGET"
    assert penstock("check", "wrong.asl.json", "--format", "github").out.startswith(
        "::error file=wrong.asl.json,line=1,"
    )
    assert json.loads(penstock("check", "one.asl.json", "--json").out) == []


def test_check_select_ignore_and_severity(penstock, folder):
    document = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": {"x.$": "$.y"}, "Next": "B"}}}
    (folder / "mixed.json").write_text(json.dumps(document))

    def codes(*arguments: str) -> list[str]:
        return [each["code"] for each in json.loads(penstock("check", "mixed.json", "--json", *arguments).out)]

    everything = codes()
    assert {"PASS_RESULT_IS_STATIC", "MISSING_TRANSITION_TARGET"} <= set(everything)
    assert "PASS_RESULT_IS_STATIC" not in codes("--severity", "error")
    assert set(codes("--select", "MISSING_")) == {each for each in everything if each.startswith("MISSING_")}
    assert codes("--ignore", "missing_,PASS_RESULT_IS_STATIC") == []
    assert penstock("check", "mixed.json", "--ignore", "MISSING_").code == 0


def test_check_names_the_file_of_a_problem_without_a_place(penstock):
    assert "wrong.asl.json: error[MISSING_END_STATE]" in penstock("check", "wrong.asl.json").out


def test_check_goes_on_after_a_target_that_does_not_read(penstock):
    done = penstock("check", "nope.json", "wrong.asl.json")
    assert done.code == 3
    assert "There is no file nope.json" in done.err
    assert "MISSING_TRANSITION_TARGET" in done.out


# -- graph, explain, new, completion --------------------------------------------------------------------------------------


def test_graph_draws_by_flag_and_by_ending(penstock, folder):
    assert penstock("graph", "project.py").out.startswith("flowchart TD")
    assert penstock("graph", "project.py", "--format", "dot").out.startswith("digraph")
    assert penstock("graph", "project.py", "-o", "p.svg").out == ""
    ET.fromstring((folder / "p.svg").read_text())


def test_explain_lists_and_shows_every_code():
    listed = [line.split()[0] for line in invoke("explain").splitlines()]
    assert "PS101" in listed
    assert "MISSING_TRANSITION_TARGET" in listed
    for code in listed:
        page = invoke("explain", code.lower())
        assert page.startswith(f"{code}: ")
        assert "What to do:" in page
    assert len(json.loads(invoke("explain", "--json"))) == len(listed)


def test_every_code_of_aws_that_check_uses_has_a_page():
    from penstock.asl.check.codes import CATALOGUE

    assert {"NO_DOLLAR", "INVALID_RESOURCE", "SCHEMA_VALIDATION_FAILED", "TOO_DEEPLY_NESTED"} <= set(CATALOGUE)
    assert all(each.code == code and each.example and each.remedy for code, each in CATALOGUE.items())


def test_a_new_project_runs_and_passes_its_tests(penstock, folder):
    assert penstock("new", "hello-world").code == 0
    made = folder / "hello-world"
    done = penstock("run", "hello-world/project.py", "--input", "@hello-world/input.json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["count"] == 3
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=made,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert tested.returncode == 0, tested.stdout
    again = penstock("new", "hello-world")
    assert again.code == 2
    assert "exists already" in again.err
    assert [each.name for each in folder.iterdir() if each.name.startswith(".hello")] == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell):
    assert "_PENSTOCK_COMPLETE" in invoke("completion", shell)


def test_completion_knows_commands_and_flags(penstock):
    words = {"COMP_WORDS": "penstock ru", "COMP_CWORD": "1", "_PENSTOCK_COMPLETE": "bash_complete"}
    assert penstock(env=words).out == "plain,run\nplain,runs\n"


# -- output -------------------------------------------------------------------------------------------------------------


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    file = tmp_path / "x.json"
    file.write_text("before")
    file.chmod(0o640)
    output.write_file(file, "after")
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("after", 0o640)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(UsageError, match="No space left"):
        output.write_file(file, "later")
    assert file.read_text() == "after"
    assert [each.name for each in tmp_path.iterdir()] == ["x.json"]


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real").write_text("before")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    output.write_file(tmp_path / "link", "after")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "after"


def test_control_characters_never_reach_a_terminal():
    assert output.clean("a\x1b[31m\x07\x9b\n\tb") == "a�[31m��\n\tb"


def test_json_with_half_a_character_is_escaped():
    assert json.loads(output.json_text({"a": "\ud800ü"})) == {"a": "\ud800ü"}


def test_the_module_is_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "penstock", "--version"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split()[0]) == (0, "penstock")
    done = subprocess.run([sys.executable, "-m", "penstock", "nope"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Usage: penstock" in done.stderr
