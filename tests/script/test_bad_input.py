"""Whatever is given, there is one clear message: no traceback, no hang, no half result."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.diagnostics import render_text
from penstock.script import compile_project

MAIN = "def main(data):\n    "


def codes(text: str | bytes) -> list[str]:
    project = compile_project(text)
    for diagnostic in project.diagnostics:
        assert render_text(diagnostic)
    return [diagnostic.code for diagnostic in project.diagnostics]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"\x80\x81\x82", "PS001"),
        ("größe = 1".encode("latin-1"), "PS001"),
        (MAIN.encode("utf-16"), "PS001"),
        (bytes(range(256)) * 100, "PS001"),
        (f"{MAIN}Foo()\0\n", "PS002"),
        ("x = 1\n" * 900_000, "PS003"),
        (f"{MAIN}data['x'] = {'[' * 1000}{']' * 1000}\n", "PS004"),
        (f"{MAIN}data['x'] = {'-' * 1000}1\n", "PS004"),
        (f"{MAIN}data['x'] = {'not ' * 100_000}1\n", "PS004"),
        (f"{MAIN}data['x'] = data{'[0]' * 1000}\n", "PS004"),
        (f"{MAIN}data['x'] = {'+'.join(['data'] * 1000)}\n", "PS004"),
        (f"{MAIN}data['x'] = {'f(' * 90}{')' * 90}\n", "PS301"),
        ("def main(data):\n" + "".join(f"{'  ' * (i + 1)}if data['x'] == {i}:\n" for i in range(99)), "PS005"),
        ("def main(data):\n" + "".join(f"{' ' * (i + 1)}if data['x'] == {i}:\n" for i in range(1000)), "PS004"),
        ("def main(data)\n    pass\n", "PS005"),
        ("\t def\n", "PS005"),
        ("'unclosed\n", "PS005"),
        ("x = " + "9" * 5000, "PS005"),
        ("", "PS006"),
        ("\n\n# nothing\n", "PS006"),
        ("\ud800", "PS005"),
    ],
    ids=range(21),
)
def test_one_message(text: str | bytes, code: str) -> None:
    assert codes(text) == [code]


def test_a_byte_order_mark_is_no_problem() -> None:
    assert codes("\ufeffdef main(data):\n    pass\n") == []
    assert codes("\ufeffdef main(data):\n    pass\n".encode()) == []


def test_windows_line_ends_are_no_problem() -> None:
    assert (
        codes(
            b"class Foo(Task):\r\n    async def run(event, context):\r\n        return 1\r\n\r\ndef main(data):\r\n    Foo()\r\n"
        )
        == []
    )


def test_a_run_method_may_hold_anything() -> None:
    deep = "+".join(["1"] * 900)
    source = f"class Foo(Task):\n    async def run(event, context):\n        return {deep}, '\\d'\n\n\n{MAIN}Foo()\n"
    assert codes(source) == []


def test_long_chains_of_elif_are_no_nesting() -> None:
    arms = "".join(f"    elif data['x'] == {i}:\n        data['y'] = {i}\n" for i in range(500))
    assert codes(f"{MAIN}if data['x'] == -1:\n        pass\n{arms}") == []


def test_constants_cannot_explode() -> None:
    doubled = "A = 'xxxxxxxxxx'\n" + "".join(f"{chr(66 + i)} = {chr(65 + i)} + {chr(65 + i)}\n" for i in range(20))
    assert codes(f"{doubled}\n\n{MAIN}data['x'] = U\n") == ["PS117"]
    assert codes(f"A = 10 ** 10 ** 10\n\n\n{MAIN}data['x'] = A\n") == ["PS117"]
    assert codes(f"A = 2 ** 4096 * 2 ** 4096 * 2 ** 4096\n\n\n{MAIN}data['x'] = A\n") == ["PS117"]


def test_functions_put_in_place_cannot_explode() -> None:
    functions = "".join(f"def f{i}(data):\n    f{i + 1}(data)\n    f{i + 1}(data)\n\n\n" for i in range(30))
    source = f"class Foo(Task):\n    pass\n\n\n{functions}def f30(data):\n    Foo()\n\n\n{MAIN}f0(data)\n"
    assert set(codes(source)) == {"PS604"}
    assert set(codes(source.replace("    Foo()\n", "    pass\n"))) == {"PS604"}


@pytest.mark.parametrize(
    "line",
    [
        "if 'k' in data['a{i}']:\n        data['x'] = data['a{i}']['k']",
        "data['i{i}'] = Foo()\n    map(data['j{i}'], Foo)",
    ],
)
def test_time_grows_with_the_script_and_not_with_its_square(line: str) -> None:
    few, many = calls_of(line, 100), calls_of(line, 400)
    assert many < 6 * few  # 16 times as many, where it grows with the square


def calls_of(line: str, count: int) -> int:
    """How many functions compiling so many lines calls: as good as a clock, and the same on a busy machine."""
    source = f"class Foo(Task):\n    pass\n\n\n{MAIN}" + "\n    ".join(
        line.replace("{i}", str(i)) for i in range(count)
    )
    calls = 0

    def called(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(called)
    try:
        assert codes(source) == []
    finally:
        sys.setprofile(before)
    return calls


def test_compiling_runs_nothing(tmp_path: object) -> None:
    canary = f"{tmp_path}/canary"
    call = f"open({canary!r}, 'w')"
    source = f"{call}\nX = [{call}]\n\n\n@schedule(expression={call})\n{MAIN}{call}\n"
    assert codes(source)
    with pytest.raises(FileNotFoundError):
        open(canary)  # noqa: SIM115


# Text that is nearly a script: pieces of the language in any order.
PIECES = st.sampled_from(
    [
        "def main(data):\n", "    ", "\n", "data", '["a"]', ".get('k')", " = ", "Foo()", "(", ")", "[", "]", "{", "}", ":", ",",
        "if ", "else:\n", "try:\n", "except ", "finally:\n", "with retry():\n", "return ", "raise ", "E('x')", "for x in ",
        "match ", "case ", "_", "lambda: ", "f'{data}'", "*", "**", "None", "1", "-", "not ", " in ", " is ", "await ", "class Foo(Task):\n",
        "async def run(event, context):\n", "@export()\n", "map(", "parallel(", "wait(seconds=", "é", "'", '"', "#", "\\", "\t", "\x0c",
    ]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=30).map("".join))
def test_anything_ends_in_diagnostics(text: str) -> None:
    codes(text)
    codes(f"class Foo(Task):\n    pass\n\n\ndef f(data):\n    pass\n\n\ndef main(data):\n    {text}")


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(), st.binary()))
def test_any_text_ends_in_diagnostics(text: str | bytes) -> None:
    codes(text)


STATEMENTS = st.sampled_from(
    """
data.{0} = {1}
{0} = {1}
data["{0}"]["x"] = {1}
{1}
if {1}:\n        {0} = Foo({1})
with retry(interval={1}):\n        Foo()
try:\n        Foo({1})\n    except {0} as e:\n        data["e"] = e[{1}]
match {1}:\n        case {2}:\n            pass
map({1}, {2})
{0}, y = parallel({2}, {2})
wait(seconds={1}, key={2})
raise {0}({1})
return {1}
assert {1}, {2}
data.update({1})
data["x"].update(a={1})
f({1})
f.start({1}, key={2})
data[{1}] = {2}
{0} += {1}
""".strip().split("\n")
).map(lambda text: text.replace("\\n", "\n"))
EXPRESSIONS = st.recursive(
    st.sampled_from(
        [
            "data",
            "data['a']",
            "x",
            "1",
            "'t'",
            "None",
            "True",
            "context.state.name",
            "context",
            "e",
            "Foo",
            "f",
            "E",
            "data.b.c",
            "1.5",
            "[]",
            "{}",
        ]
    ),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["==", "<", "in", "not in", "is", "and", "or", "+", "-", "%"]), inner).map(
            " ".join
        ),
        inner.map(lambda e: f"({e})[{e}]"),
        inner.map(lambda e: f"not ({e})"),
        inner.map(lambda e: f"-({e})"),
        inner.map(lambda e: f"bool({e})"),
        inner.map(lambda e: f"int({e})"),
        inner.map(lambda e: f"timestamp({e})"),
        inner.map(lambda e: f"({e}).get('k', {e})"),
        inner.map(lambda e: f"f'{{{e.replace(chr(39), chr(34))}}}'"),
        inner.map(lambda e: f"[{e}, {e}]"),
        inner.map(lambda e: f"{{'k': {e}}}"),
        inner.map(lambda e: f"({e}).m({e})"),
        st.tuples(inner, inner, inner).map(lambda t: f"({t[0]} if {t[1]} else {t[2]})"),
    ),
    max_leaves=6,
)


@settings(max_examples=600, deadline=None)
@given(
    st.lists(
        st.tuples(STATEMENTS, st.sampled_from(["x", "data", "Foo", "f", "E", "context"]), EXPRESSIONS, EXPRESSIONS),
        max_size=4,
    )
)
def test_statements_of_anything_end_in_diagnostics(parts: list[tuple[str, str, str, str]]) -> None:
    body = "\n".join(f"    {text.format(name, one, two)}" for text, name, one, two in parts) or "    pass"
    codes(
        f"class Foo(Task):\n    pass\n\n\ndef f(data):\n    data['z'] = 1\n    return 5\n\n\ndef main(data):\n{body}\n"
    )
