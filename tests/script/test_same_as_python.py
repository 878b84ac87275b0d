"""The law: a machine does what the Python says. Random scripts run as machines and as plain Python, and must agree on the
tasks that run, in order, with their inputs, and on the end: the output, or the error and its cause."""

from __future__ import annotations

import copy
import textwrap
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.script.scripts import Answers, Raises, execute

from penstock.asl.check import check
from penstock.diagnostics import render_text
from penstock.script import compile_project

ERRORS = ["KeyError", "LookupError", "ValueError", "Boom", "Bang"]
CAUGHT = [*ERRORS, "Exception", "(KeyError, Boom)", "(LookupError, ValueError)"]

# -- scripts -------------------------------------------------------------------------------------------------------

NUMBER = st.sampled_from(["data['n']", "data['m']", "int(data['n'])", "data['sub']['n']"])
CONSTANT = st.integers(-2, 3).map(str)
COMPARE = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])


@st.composite
def weighted(draw: Any, *choices: tuple[int, st.SearchStrategy[str]]) -> str:
    """One of the strategies by weight; `one_of` would spread evenly over everything inside them."""
    picks = [strategy for weight, strategy in choices for _ in range(weight)]
    return str(draw(picks[draw(st.integers(0, len(picks) - 1))]))


def conditions(depth: int = 2) -> st.SearchStrategy[str]:
    simple = st.one_of(
        st.tuples(NUMBER, COMPARE, CONSTANT).map(" ".join),
        st.tuples(CONSTANT, COMPARE, NUMBER).map(" ".join),
        st.tuples(CONSTANT, st.sampled_from(["<", "<="]), NUMBER, st.sampled_from(["<", "<="]), CONSTANT).map(" ".join),
        st.tuples(st.just("int(data['n'])"), COMPARE, st.just("data['m']")).map(" ".join),
        st.tuples(st.just("data['s']"), COMPARE, st.sampled_from(["'x'", "'y'", "''"])).map(" ".join),
        st.sampled_from(
            [
                "bool(data['b'])",
                "not bool(data['b'])",
                "data['o'] is None",
                "data['o'] is not None",
                "data['o'] == 1",
                "data['n'] in [1, 2]",
                "data['s'] not in ['x', 'z']",
                "'new' in data",
                "'new' not in dict(data['sub'])",
                "data.get('new', 1) == 1",
                "data.get('new') != 2",
                "data.get('new') is None",
                "i > 1",
                "i == 1",
            ]
        ),
    )
    if depth == 0:
        return simple
    inner = conditions(depth - 1)
    return st.one_of(
        simple,
        inner.map(lambda t: f"not ({t})"),
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda t: f"({t[0]}) {t[1]} ({t[2]})"),
    )


VALUES = st.one_of(
    st.sampled_from(["data['n']", "data['o']", "i", "'text'", "None", "[1, {'k': 2}]", "data['sub']['n']"]),
    st.just("{'a': data['n'], 'b': [data['s'], i], 'c': {'d': data['sub']}}"),
    st.just("f\"{data['s']}-{data['n']}'{i}{{}}\""),
    st.just("data.get('new', 'none')"),
    conditions(1).map(lambda t: f"data['s'] if {t} else 'other'"),
    conditions(0).map(lambda t: f"bool(data['b']) and ({t})"),
)
TASK = st.tuples(st.sampled_from(["Foo", "Bar"]), st.one_of(st.just("0"), VALUES)).map(lambda t: f"{t[0]}({t[1]})")


def lines(*parts: str) -> str:
    return "\n".join(parts)


def block(text: str) -> str:
    return textwrap.indent(text, "    ")


def statements(depth: int, *, helper: bool) -> st.SearchStrategy[str]:
    simple = st.one_of(
        TASK,
        TASK.map(lambda t: f"data['r'] = {t}"),
        TASK.map(lambda t: f"data['sub']['r'] = {t}"),
        TASK.map(lambda t: f"v = {t}"),
        VALUES.map(lambda v: f"data['q'] = {v}"),
        VALUES.map(lambda v: f"data['sub']['q'] = {v}"),
        CONSTANT.map(lambda c: f"data['n'] = {c}"),
        CONSTANT.map(lambda c: f"data['sub']['n'] = {c}"),
        CONSTANT.map(lambda c: f"data['new'] = {c}"),
        CONSTANT.map(lambda c: f"data['o'] = {c}"),
        st.sampled_from(
            [
                "data['o'] = None",
                "data['b'] = True",
                "data['s'] = 'y'",
                "i += 1",
                "i = i - 1",
                "data['m'] = i",
                "data.update({'n': data['m'], 'm': data['n']})",
                "data.update(new=2)",
                "data['sub'].update({'n': 1, 'new': data['n']})",
                "wait(seconds=5)",
                "pass",
                "data['v'] = v",
            ]
        ),
        conditions(1).map(lambda t: f"assert {t}, f\"n is {{data['n']}}\""),
        st.tuples(conditions(1), TASK, TASK).map(lambda t: f"{t[1]} if {t[0]} else {t[2]}"),
        st.tuples(conditions(1), TASK, VALUES).map(lambda t: f"data['q'] = {t[1]} if {t[0]} else {t[2]}"),
    )
    leave = st.one_of(
        st.sampled_from(ERRORS).map(lambda e: f"raise {e}('because')"),
        st.just("raise Boom(data['s'])"),
        st.just("return 7")
        if helper
        else st.sampled_from(["return", "return data['n']", "return {'got': data['n'], 'i': i}"]),
    )
    if helper:
        options = [simple, leave]
    else:
        calls = [
            "data['h'] = helper(data)",
            "helper(data['sub'])",
            "data['h'] = helper(data['sub'])",
            "v = helper(data)",
        ]
        options = [simple, leave, st.sampled_from(calls)]
    if depth == 0:
        return st.one_of(*options)
    body = bodies(depth - 1, helper=helper)
    blocks = (
        st.tuples(conditions(), body).map(lambda t: lines(f"if {t[0]}:", block(t[1]))),
        st.tuples(conditions(), body, body).map(lambda t: lines(f"if {t[0]}:", block(t[1]), "else:", block(t[2]))),
        st.tuples(conditions(), body, conditions(), body).map(
            lambda t: lines(f"if {t[0]}:", block(t[1]), f"elif {t[2]}:", block(t[3]))
        ),
        st.tuples(body, conditions(0), body, body).map(
            lambda t: lines(
                "match data['n']:",
                block(lines("case 1 | 2:", block(t[0]), f"case 3 if {t[1]}:", block(t[2]), "case _:", block(t[3]))),
            )
        ),
        st.tuples(
            body,
            st.lists(st.tuples(st.sampled_from(CAUGHT), body), min_size=1, max_size=2),
            body,
            body,
            st.integers(0, 3),
            st.one_of(st.just("pass"), leave),
        ).map(attempt),
    )
    return weighted((3, simple), (1, leave), (1 if not helper else 0, options[-1]), (6, st.one_of(*blocks)))


def attempt(parts: Any) -> str:
    body, handlers, orelse, final, shape, last = parts
    text = ["try:", block(lines(body, last))]
    for error, handler in handlers:
        text += [
            f"except {error} as e:",
            block(lines(f"data['seen'] = e['Cause'] if {int(shape > 1)} == data['n'] else 'no'", handler)),
        ]
    if shape == 1:
        text[-1] = lines(text[-1], block("raise"))
    if shape in (1, 2):
        text += ["else:", block(orelse)]
    if shape in (2, 3):
        text += ["finally:", block(final)]
    return lines(*text)


def bodies(depth: int, *, helper: bool = False, least: int = 1) -> st.SearchStrategy[str]:
    return st.lists(statements(depth, helper=helper), min_size=least, max_size=least + 2).map("\n".join)


SCRIPT = st.tuples(bodies(1, helper=True), bodies(2, least=2)).map(
    lambda t: (
        "class Foo(Task):\n    async def run(event, context):\n        return event\n\n"
        "class Bar(Task):\n    async def run(event, context):\n        return event\n\n"
        f"def helper(data):\n    i = 1\n    v = 0\n{block(t[0])}\n    return data['n']\n\n"
        f"def main(data):\n    i = 0\n    v = 0\n{block(t[1])}\n"
    )
)
OUTCOMES = st.lists(st.one_of(st.integers(0, 9), st.sampled_from(ERRORS)), min_size=8, max_size=8)

# -- the same as plain Python --------------------------------------------------------------------------------------


class Caught(Exception):
    """What an exception is in a script: `e["Cause"]`, and its class's name."""

    def __getitem__(self, name: str) -> Any:
        return {"Error": type(self).__name__, "Cause": self.args[0]}[name]


def exceptions() -> dict[str, type[Caught]]:
    lookup = type("LookupError", (Caught,), {})
    names = {"Exception": Caught, "LookupError": lookup, "KeyError": type("KeyError", (lookup,), {})}
    for name in ("ValueError", "Boom", "Bang", "AssertionError"):
        names[name] = type(name, (Caught,), {})
    return names


class TooManyCalls(BaseException):
    pass


def as_python(source: str, given_data: Any, outcomes: list[Any]) -> tuple[list[Any], Any]:
    """The calls of tasks, and the output or (error, cause)."""
    calls: list[Any] = []
    known = exceptions()

    def task(name: str) -> Any:
        def call(event: Any) -> Any:
            calls.append((name, copy.deepcopy(event)))
            if len(calls) > len(outcomes):
                raise TooManyCalls
            answer = outcomes[len(calls) - 1]
            if isinstance(answer, str):
                raise known[answer]("failed")
            return answer

        return call

    class Data(dict[str, Any]):
        """JSON values travel by value: what is stored does not change with its source."""

        def __setitem__(self, key: str, value: Any) -> None:
            super().__setitem__(key, wrap(value))

        def update(self, *args: Any, **more: Any) -> None:
            for key, value in dict(*args, **more).items():
                self[key] = value

    def wrap(value: Any) -> Any:
        if isinstance(value, dict):
            made = Data()
            for key, item in value.items():
                made[key] = item
            return made
        return [wrap(item) for item in value] if isinstance(value, list) else value

    python = source[source.index("def helper") :].replace("assert ", "assert_(").replace(', f"n is', ', lambda: f"n is')
    python = lines(*(f"{line})" if "assert_(" in line else line for line in python.split("\n")))

    def assert_(truth: bool, message: Any) -> None:
        if not truth:
            raise known["AssertionError"](message())

    names = {"Foo": task("Foo"), "Bar": task("Bar"), "wait": lambda seconds: None, "assert_": assert_, **known}
    exec(compile(python, "script", "exec"), names)  # noqa: S102  # a script of this test's own making
    data = wrap(given_data)
    try:
        result = names["main"](data)
    except Caught as error:
        return calls, (type(error).__name__, error.args[0])
    return calls, data if result is None else result


DATA = {
    "n": 1,
    "m": 2,
    "s": "x",
    "b": True,
    "o": None,
    "sub": {"n": 3, "m": 2, "s": "z", "b": False, "o": 1, "sub": {"n": 0}},
}


def plain(value: Any) -> Any:
    """Without the key that handlers find their error under, which Python does not store."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items() if key != "error"}
    return [plain(item) for item in value] if isinstance(value, list) else value


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(SCRIPT, OUTCOMES, st.integers(0, 3), st.booleans())
def test_a_machine_does_what_the_python_says(source: str, outcomes: list[Any], n: int, b: bool) -> None:
    given_data = {**DATA, "n": n, "b": b}
    project = compile_project(source)
    assert project.ok, "\n".join(render_text(d) for d in project.diagnostics if d.is_error) + "\n" + source
    assert not check(project.machines["main"].definition), source
    try:
        calls, ended = as_python(source, given_data, outcomes)
    except TooManyCalls:
        return
    answers = Answers()
    turn = iter(outcomes)

    def answer(event: Any) -> Any:
        value = next(turn)
        if isinstance(value, str):
            raise Raises(value, "failed")
        return value

    answers.given = {"Foo": answer, "Bar": answer}
    result = execute(project, given_data, answers)
    got: Any = result.output if result.status == "SUCCEEDED" else (result.error, result.cause)
    assert [event for _, event in answers.calls] == [plain_event for _, plain_event in calls] or plain(
        [event for _, event in answers.calls]
    ) == plain([event for _, event in calls]), source
    assert [name[:3] for name in answers.names] == [name for name, _ in calls], source
    assert plain(got) == plain(ended) if not isinstance(got, tuple) else got == ended, source
