"""One cause is told once, where it is, with a help that works; and nothing that only looks right compiles."""

from __future__ import annotations

from typing import Any

import pytest
from tests.script.scripts import TASKS, Answers, Raises, Result, compiled, document, execute, outcome

from penstock.script import compile_project

OFF = TASKS.count("\n")
HANDLER = "def main(data):\n    try:\n        Foo()\n    except Boom as e:\n        "


def told(source: str | bytes) -> list[tuple[str, int, str]]:
    """(code, line, help) of every diagnostic."""
    project = compile_project(source)
    return [(d.code, d.span.line if d.span else 0, d.help or "") for d in project.diagnostics]


@pytest.mark.parametrize(
    "use",
    [
        'data["x"] = e.args[0]',
        'data["x"] = e["cause"]',
        'data["x"] = e.__class__.__name__',
        'if e.args == "c":\n            pass',
        'data["x"] = str(e)',
        'data["x"] = repr(e)',
        'data["x"] = f"failed: {e}"',
        "raise Bang(str(e))",
    ],
)
def test_an_error_has_a_name_and_a_cause_only(use: str) -> None:
    ((code, line, help_),) = told(TASKS + HANDLER + use + "\n")
    assert (code, line) == ("PS302", OFF + 5)
    assert 'e["Cause"]' in help_


def test_the_parts_of_an_error_are_texts() -> None:
    source = (
        HANDLER
        + 'if e["Error"] == data["wanted"]:\n            return f"{e.Error}: {e[\'Cause\']}"\n    return "other"\n'
    )
    assert outcome(source, {"wanted": "Boom"}, {"Foo": Raises("Boom", "c")}) == "Boom: c"
    assert [code for code, _, _ in told(TASKS + HANDLER + 'data["x"] = e["Cause"]["id"]\n')] == ["PS202"]
    assert [code for code, _, _ in told(TASKS + HANDLER + 'if "x" in e["Cause"]:\n            pass\n')] == ["PS202"]


def test_a_text_has_no_parts() -> None:
    assert [code for code, _, _ in told('def main(data):\n    x = "text"\n    data["y"] = x[0]\n')] == ["PS202"]


def test_a_dict_inside_a_text_is_written_otherwise_than_python_writes_it() -> None:
    assert [code for code, _, _ in told('def main(data):\n    return f"{data}"\n')] == ["PS202"]


def test_the_last_of_two_equal_keys_counts() -> None:
    source = 'def main(data):\n    Foo({"a": data["y"], "a": 2})\n    data["x"] = {"a": 1, "b": 2, "a": data["y"]}\n'
    assert outcome(source, {"y": 5}) == {"y": 5, "x": {"a": 5, "b": 2}}


def test_what_reads_a_refused_variable_is_no_second_problem() -> None:
    source = 'def main(data):\n    x = data["a"] * 2\n    data["b"] = x\n    if x > 3:\n        y = x\n    a, b = x\n    data["c"] = [a, b]\n'
    assert [(code, line) for code, line, _ in told(source)] == [("PS202", 2), ("PS204", 6)]


@pytest.mark.parametrize("value", ["float('inf')", "float('nan')", "float('-1e999')"])
def test_a_cast_cannot_make_what_json_cannot_hold(value: str) -> None:
    assert [code for code, _, _ in told(f'def main(data):\n    if data["x"] < {value}:\n        pass\n')] == ["PS305"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ('data["x"] = "\\ud800"', "PS308"),
        ('data["\\ud800"] = 1', "PS308"),
        ("data[...] = 1", "PS308"),
        ('raise E("\\udfff")', "PS308"),
        ('data["x"] = data["a"][99999999999999999999]', "PS302"),
        ("(x := 5)", "PS201"),
        ("f(data)", "PS302"),
        ('x = 1\n    data["y"] = x()', "PS302"),
    ],
)
def test_refused(body: str, code: str) -> None:
    (found,) = told(f"f = lambda x: x\n\n\ndef main(data):\n    {body}\n")
    assert found[0] == code
    assert found[1] == 5 + body.count("\n")


def test_what_python_refuses_after_parsing_is_refused() -> None:
    assert told('class A(Task): pass\ndef main(data):\n    A(key="x", key="y")\n')[0][:2] == ("PS005", 3)
    assert told("def main(data):\n    __debug__ = 1\n")[0][:2] == ("PS005", 2)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-7", "nonsense"])
def test_another_encoding_than_utf8_is_refused(encoding: str) -> None:
    text = f"#!/usr/bin/env python\n# -*- coding: {encoding} -*-\ndef main(data):\n    pass\n"
    assert told(text.encode())[0][:2] == ("PS001", 2)
    assert told(text) == []  # text has no encoding any more
    assert told(b"x = 1\ny = 2\n# coding: latin-1\ndef main(data):\n    pass\n") == []
    assert told(b"# vim: set fileencoding=utf-8 :\ndef main(data):\n    pass\n") == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("@dataclass\nclass A(Task):\n    pass\n", "PS103"),
        ("class A(Task, metaclass=M):\n    pass\n", "PS103"),
        ("class A(Task, EventProcessor):\n    pass\n", "PS103"),
        ("class A(Task):\n    @cached\n    async def run(event, context):\n        pass\n", "PS109"),
        ('@schedule(expression="rate(1 hour)", input_data=[1])\ndef other(data):\n    pass\n', "PS114"),
    ],
)
def test_nothing_of_a_definition_is_dropped(text: str, code: str) -> None:
    assert [found[0] for found in told(text + "\n\ndef main(data):\n    pass\n")] == [code]
    assert (
        told(
            "class A(Task):\n    @staticmethod\n    async def run(event, context): ...\n\n\ndef main(data):\n    A()\n"
        )
        == []
    )


def test_long_chains_end_in_one_diagnostic() -> None:
    calls = "".join(f"def f{i}(data):\n    f{i + 1}(data)\n\n\n" for i in range(400))
    assert [code for code, _, _ in told(f"{calls}def f400(data):\n    pass\n")] == ["PS004"]
    classes = "".join(f"class E{i + 1}(E{i}):\n    pass\n\n\n" for i in range(2000))
    source = f"class E0(Exception):\n    pass\n\n\n{classes}def main(data):\n    raise E2000()\n"
    assert told(source) == []


def test_retries_for_different_errors_stand_on_one_task() -> None:
    source = """
def main(data):
    with retry(on_exceptions=[Outer], interval=2):
        with retry(on_exceptions=[Inner]):
            Foo()
"""
    task: dict[str, Any] = document(source)["States"]["Foo"]
    assert [retrier["ErrorEquals"] for retrier in task["Retry"][1:]] == [["Inner"], ["Outer"]]
    answers = Answers({"Foo": [Raises("Outer"), Raises("Inner"), Result(1)]})
    assert execute(compiled(source), {}, answers).status == "SUCCEEDED"
    shared = document(source.replace("[Outer]", "[Inner]"))
    assert [state["Type"] for state in shared["States"].values()] == ["Parallel"]


@pytest.mark.parametrize(
    ("source", "wanted", "advice"),
    [
        ("def main(data):\n    try:\n        Foo(bar=1)\n    except Boom:\n        Bar()\n", [("PS304", 3)], ""),
        ("def main(data):\n    try:\n        Foo(bar=1)\n    except Boom:\n        Bar(b=1)\n", [("PS304", 3), ("PS304", 5)], ""),
        ("def main(data):\n    with retry():\n        Foo(bar=1)\n        Bar(bar=1)\n", [("PS304", 3), ("PS304", 4)], ""),
        ("def main(data):\n    with retry(interval=0):\n        Foo(bar=1)\n", [("PS305", 2), ("PS304", 3)], ""),
        ("def main(data):\n    Foo = 5\n    Foo()\n", [("PS204", 2)], "choose another name"),
        ("def main(data):\n    Foo(key='a\\nb')\n", [("PS602", 2)], "give a text on one line"),
        ("def main(data):\n    with timeout(seconds=0):\n        Foo()\n", [("PS305", 2)], "write timeout=60"),
        ("def main(data):\n    raise E(data)\n", [("PS504", 2)], "write an f-string"),
        ("def main(data):\n    n = 5\n    raise E(n)\n", [("PS504", 3)], "write an f-string"),
        ("import Lambda\ndef main(data):\n    try:\n        Foo()\n    except Lambda.X:\n        pass\n", [("PS501", 5)], ""),
        ("def main(event):\n    Foo(data)\n", [("PS301", 2)], "the input of `main` is called `event`"),
        ("def main(self, data):\n    Foo(data)\n", [("PS105", 1)], "write `def main(data):`"),
        ("def main(data):\n    Foo(contxt.execution.name)\n", [("PS301", 2)], "did you mean `context`?"),
        ("def main(data):\n    map(Foo, data['l'])\n", [("PS305", 2)], "write map(data['l'], Foo)"),
        ("def main(data):\n    parallel([Foo, Bar])\n", [("PS305", 2)], "write parallel(Foo, Bar)"),
        ("def main(data):\n    time.sleep(5)\n", [("PS302", 2)], "write wait(seconds=...)"),
        ("import time\ndef main(data):\n    time.sleep(5)\n", [("PS302", 3)], "write wait(seconds=...)"),
        ("def main(data):\n    sleep(5)\n", [("PS301", 2)], "did you mean `wait`?"),
        ("def main(data):\n    datas.pop('x')\n", [("PS301", 2)], "did you mean `data`?"),
        ("def h(a, b):\n    pass\ndef main(data):\n    h(1, 2)\n", [("PS105", 1)], "write `def h(a):`"),
        ("def h(a):\n    pass\ndef main(data):\n    h(a=1)\n", [("PS304", 4)], "give the input without a name"),
        ("def main(data):\n    raise E('x %s' % data['y'])\n", [("PS202", 2)], "write an f-string: f\"...{data['name']}\""),
    ],
)  # fmt: skip
def test_what_is_told(source: str, wanted: list[tuple[str, int]], advice: str) -> None:
    found = told(source + "\n\n" + TASKS)
    assert [(code, line) for code, line, _ in found] == wanted
    assert advice in found[-1][2]
