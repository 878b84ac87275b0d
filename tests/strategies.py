"""Hypothesis strategies that any test may use: JSON values and whole state machines of every kind.

`machines()` makes machines that `check` accepts: names are unique, every state is reached and something ends, paths and
payloads are well-formed in the query language they stand in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from hypothesis import strategies as st

from penstock.asl.model import (
    UNSET,
    And,
    AnyState,
    Catcher,
    Choice,
    ChoiceRule,
    Comparison,
    Fail,
    ItemBatcher,
    ItemReader,
    Map,
    Not,
    Or,
    Parallel,
    Pass,
    ProcessorConfig,
    ReaderConfig,
    ResultWriter,
    Retrier,
    StateMachine,
    Succeed,
    Task,
    Wait,
    WriterConfig,
)

JSONPATH, JSONATA = "JSONPath", "JSONata"


def _is_plain(text: str) -> bool:
    return not text.startswith("{%") and not text.endswith("%}")


strings = st.text(max_size=12).filter(_is_plain)
keys = st.text(max_size=8).filter(lambda key: not key.endswith(".$"))
numbers = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | numbers | strings

json_values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=6
)
"""Any JSON value without lone surrogates."""

reference_paths = st.sampled_from(["$", "$.a", "$.a.b", "$['a b']", "$.items[0]", "$.a[1].b", "$.ü"])
paths = reference_paths | st.sampled_from(["$.a[*]", "$..b", "$.a[1:2]", "$.a[?(@.b > 1)]", "$$.Execution.Id", "$$"])
calls = st.sampled_from(
    ["States.UUID()", "States.Format('{} {}', $.a, 'x')", "States.Array(1, null, $.b)", "States.MathAdd($.a, -1)"]
)
expressions = st.sampled_from(["{% 1 %}", "{% $states.input.a %}", "{% $v %}", '{% {"a": [1, 2]} %}', "{% $uuid() %}"])

_dynamic = st.dictionaries(keys.map(lambda key: key + ".$"), paths | calls, max_size=2)


def templates() -> st.SearchStrategy[Any]:
    """JSONPath payload objects."""
    inner = st.dictionaries(keys, json_values, max_size=2)
    return st.tuples(inner, _dynamic).map(
        lambda pair: {**pair[0], **{key: value for key, value in pair[1].items() if key[:-2] not in pair[0]}}
    )


def evaluated() -> st.SearchStrategy[Any]:
    """JSONata payloads."""
    return st.recursive(
        scalars | expressions,
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
        max_leaves=5,
    )


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """UNSET, or a value."""
    return st.just(UNSET) | strategy


@dataclass
class _Making:
    """What one machine shares while it is made."""

    language: str
    names: Iterator[int] = field(default_factory=count)
    variables: Iterator[int] = field(default_factory=count)


@st.composite
def machines(draw: st.DrawFn, *, languages: Sequence[str] = (JSONPATH, JSONATA), depth: int = 2) -> StateMachine:
    """A machine `check` accepts; `depth` is how deep Parallels and Maps nest."""
    language = draw(st.sampled_from(list(languages)))
    making = _Making(language)
    start, states = draw(_states(making, depth))
    declared = st.just(JSONATA) if language == JSONATA else maybe(st.just(JSONPATH))
    return StateMachine(
        comment=draw(maybe(strings)),
        query_language=draw(declared),
        version=draw(maybe(st.just("1.0"))),
        timeout_seconds=draw(maybe(st.integers(1, 1000))),
        start_at=start,
        states=states,
    )


@st.composite
def _states(draw: st.DrawFn, making: _Making, depth: int) -> tuple[str, dict[str, AnyState]]:
    suffix = draw(st.sampled_from(["", " step", "é", "/x"]))
    names = [f"S{next(making.names)}{suffix}" for _ in range(draw(st.integers(1, 3)))]
    states: dict[str, AnyState] = {}
    for index, name in enumerate(names):
        following = names[index + 1] if index + 1 < len(names) else None
        states[name] = draw(_state(making, name, following, names, depth))
    return names[0], states


@st.composite
def _inner_machine(draw: st.DrawFn, making: _Making, depth: int, config: Any = UNSET) -> StateMachine:
    start, states = draw(_states(making, depth - 1))
    return StateMachine(comment=draw(maybe(strings)), processor_config=config, start_at=start, states=states)


@st.composite
def _state(
    draw: st.DrawFn, making: _Making, name: str, following: str | None, names: list[str], depth: int
) -> AnyState:
    kinds = ["Task", "Pass", "Wait"]
    kinds += ["Choice"] if following else ["Succeed", "Fail"]
    kinds += ["Parallel", "Map"] if depth else []
    kind = draw(st.sampled_from(kinds))
    language = making.language
    declared: Any = UNSET
    if draw(st.booleans()):
        declared = language = JSONATA if language == JSONATA else draw(st.sampled_from([JSONPATH, JSONATA]))
    common: dict[str, Any] = {"name": name, "comment": draw(maybe(strings)), "query_language": declared}
    leave = {"next": following} if following else {"end": True}
    is_jsonata = language == JSONATA
    if kind == "Fail":
        return draw(_fail(common, is_jsonata))
    common |= draw(_flow(is_jsonata))
    if kind == "Succeed":
        return Succeed(**common)
    common["assign"] = draw(_assign(making, is_jsonata))
    if kind == "Choice":
        assert following is not None
        return draw(_choice(making, common, is_jsonata, following, names))
    common |= leave
    if kind == "Wait":
        return draw(_wait(common, is_jsonata))
    if not is_jsonata:
        common["result_path"] = draw(maybe(st.none() | reference_paths))
    if kind == "Pass":
        if not is_jsonata:
            common |= {"parameters": draw(maybe(templates())), "result": draw(maybe(json_values))}
        return Pass(**common)
    common["retry"] = draw(maybe(_retriers()))
    common["catch"] = draw(maybe(_catchers(making, is_jsonata, names)))
    if not is_jsonata:
        common["result_selector"] = draw(maybe(templates()))
    if kind == "Task":
        return draw(_task(common, is_jsonata))
    if kind == "Parallel":
        common["arguments" if is_jsonata else "parameters"] = draw(maybe(evaluated() if is_jsonata else templates()))
        branches = [draw(_inner_machine(making, depth)) for _ in range(draw(st.integers(1, 2)))]
        return Parallel(**common, branches=tuple(branches))
    return draw(_map(making, common, is_jsonata, depth))


@st.composite
def _flow(draw: st.DrawFn, is_jsonata: bool) -> dict[str, Any]:
    if is_jsonata:
        return {"output": draw(maybe(evaluated()))}
    return {"input_path": draw(maybe(st.none() | paths)), "output_path": draw(maybe(st.none() | paths))}


@st.composite
def _assign(draw: st.DrawFn, making: _Making, is_jsonata: bool) -> Any:
    if draw(st.booleans()):
        return UNSET
    name = f"v{next(making.variables)}"
    if is_jsonata:
        return {name: draw(evaluated())}
    return draw(st.sampled_from([{name: 1}, {f"{name}.$": "$.a"}]))


@st.composite
def _fail(draw: st.DrawFn, common: dict[str, Any], is_jsonata: bool) -> Fail:
    if is_jsonata:
        text = strings | expressions
        return Fail(**common, error=draw(maybe(text)), cause=draw(maybe(text)))
    fields: dict[str, Any] = {}
    for plain, path in (("error", "error_path"), ("cause", "cause_path")):
        if draw(st.booleans()):
            fields[plain] = draw(maybe(strings))
        else:
            fields[path] = draw(maybe(reference_paths | calls))
    return Fail(**common, **fields)


@st.composite
def _wait(draw: st.DrawFn, common: dict[str, Any], is_jsonata: bool) -> Wait:
    stamps = st.sampled_from(["2016-03-14T01:59:00Z", "2030-01-01T00:00:00.5+02:00"])
    choices: dict[str, st.SearchStrategy[Any]] = {"seconds": st.integers(0, 99), "timestamp": stamps}
    if is_jsonata:
        choices = {key: one | expressions for key, one in choices.items()}
    else:
        choices |= {"seconds_path": reference_paths, "timestamp_path": reference_paths}
    chosen = draw(st.sampled_from(sorted(choices)))
    return Wait(**common, **{chosen: draw(choices[chosen])})


@st.composite
def _comparison(draw: st.DrawFn) -> Comparison:
    operator, operand = draw(
        st.sampled_from(
            [
                ("StringEquals", strings),
                ("StringMatches", st.just("a*\\*")),
                ("NumericLessThan", numbers),
                ("BooleanEquals", st.booleans()),
                ("TimestampGreaterThanEquals", st.just("2020-01-01T00:00:00Z")),
                ("NumericEqualsPath", reference_paths),
                ("IsPresent", st.booleans()),
                ("IsTimestamp", st.booleans()),
            ]
        )
    )
    return Comparison(variable=draw(reference_paths), operator=operator, operand=draw(operand))


tests = st.recursive(
    _comparison(),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=2).map(lambda rules: And(rules=tuple(rules)))
        | st.lists(inner, min_size=1, max_size=2).map(lambda rules: Or(rules=tuple(rules)))
        | inner.map(lambda rule: Not(rule=rule))
    ),
    max_leaves=4,
)
"""What a JSONPath Choice rule tests."""


@st.composite
def _choice(
    draw: st.DrawFn, making: _Making, common: dict[str, Any], is_jsonata: bool, following: str, names: list[str]
) -> Choice:
    rules = []
    for _ in range(draw(st.integers(1, 2))):
        rule: dict[str, Any] = {"next": draw(st.sampled_from(names)), "comment": draw(maybe(strings))}
        rule["assign"] = draw(_assign(making, is_jsonata))
        if is_jsonata:
            rule |= {"condition": draw(expressions | st.booleans()), "output": draw(maybe(evaluated()))}
        else:
            rule["test"] = draw(tests)
        rules.append(ChoiceRule(**rule))
    return Choice(**common, choices=tuple(rules), default=following)


_errors = st.sampled_from(["States.Timeout", "States.TaskFailed", "Boom", "Lambda.Unknown"])


@st.composite
def _error_lists(draw: st.DrawFn) -> list[tuple[str, ...]]:
    lists = [tuple(one) for one in draw(st.lists(st.lists(_errors, min_size=1, max_size=2), min_size=1, max_size=2))]
    if draw(st.booleans()):
        lists[-1] = ("States.ALL",)
    return lists


@st.composite
def _retriers(draw: st.DrawFn) -> tuple[Retrier, ...]:
    return tuple(
        Retrier(
            error_equals=errors,
            interval_seconds=draw(maybe(st.integers(1, 100))),
            max_attempts=draw(maybe(st.integers(0, 5))),
            backoff_rate=draw(maybe(st.sampled_from([1, 1.5, 2.0]))),
            max_delay_seconds=draw(maybe(st.integers(1, 1000))),
            jitter_strategy=draw(maybe(st.sampled_from(["NONE", "FULL"]))),
            comment=draw(maybe(strings)),
        )
        for errors in draw(_error_lists())
    )


@st.composite
def _catchers(draw: st.DrawFn, making: _Making, is_jsonata: bool, names: list[str]) -> tuple[Catcher, ...]:
    made = []
    for errors in draw(_error_lists()):
        fields: dict[str, Any] = {"error_equals": errors, "next": draw(st.sampled_from(names))}
        fields["assign"] = draw(_assign(making, is_jsonata))
        fields["comment"] = draw(maybe(strings))
        if is_jsonata:
            fields["output"] = draw(maybe(evaluated()))
        else:
            fields["result_path"] = draw(maybe(st.none() | reference_paths))
        made.append(Catcher(**fields))
    return tuple(made)


@st.composite
def _task(draw: st.DrawFn, common: dict[str, Any], is_jsonata: bool) -> Task:
    resource = draw(
        st.sampled_from(
            ["arn:aws:states:::lambda:invoke", "arn:aws:lambda:us-east-1:123456789012:function:f", "local:greet"]
        )
    )
    given: Any = draw(maybe(evaluated() if is_jsonata else templates()))
    if resource.endswith("lambda:invoke"):
        given = {"FunctionName": "f", "Payload": {"a": draw(json_values)}}
    common["arguments" if is_jsonata else "parameters"] = given
    limits: dict[str, Any] = {"timeout_seconds": draw(maybe(st.integers(10, 99)))}
    if is_jsonata:
        limits["heartbeat_seconds"] = draw(maybe(st.integers(1, 9) | expressions))
    elif draw(st.booleans()):
        limits = {"timeout_seconds_path": draw(reference_paths), "heartbeat_seconds_path": draw(reference_paths)}
    credentials: Any = {"RoleArn": "arn:aws:iam::123456789012:role/r"}
    return Task(**common, **limits, resource=resource, credentials=draw(maybe(st.just(credentials))))


@st.composite
def _map(draw: st.DrawFn, making: _Making, common: dict[str, Any], is_jsonata: bool, depth: int) -> Map:
    distributed = draw(st.booleans())
    config: Any = draw(maybe(st.just(ProcessorConfig(mode="INLINE"))))
    if distributed:
        kind = draw(st.sampled_from(["STANDARD", "EXPRESS"]))
        config = ProcessorConfig(mode="DISTRIBUTED", execution_type=kind)
        common |= draw(_distributed(is_jsonata))
    payload = evaluated() if is_jsonata else templates()
    processor = draw(_inner_machine(making, depth, config))
    if is_jsonata:
        common |= {"items": draw(maybe(st.lists(json_values, max_size=2) | expressions))}
        common |= {"max_concurrency": draw(maybe(st.integers(0, 5) | expressions))}
    else:
        common |= {"items_path": draw(maybe(reference_paths))}
        common |= draw(
            st.sampled_from([{}, {"max_concurrency": 3}, {"max_concurrency_path": "$.n"}])  # never both
        )
    selector = "parameters" if not is_jsonata and draw(st.booleans()) else "item_selector"
    common[selector] = draw(maybe(payload))
    common["iterator" if draw(st.booleans()) else "item_processor"] = processor
    return Map(**common)


@st.composite
def _distributed(draw: st.DrawFn, is_jsonata: bool) -> dict[str, Any]:
    given = "arguments" if is_jsonata else "parameters"
    reader = ItemReader(
        resource="arn:aws:states:::s3:getObject",
        reader_config=ReaderConfig(
            input_type="CSV",
            csv_header_location="GIVEN",
            csv_headers=("a", "b"),
            csv_delimiter=draw(maybe(st.sampled_from(["COMMA", "TAB"]))),
            max_items=draw(maybe(st.integers(1, 100))),
        ),
        **{given: {"Bucket": "b", "Key": "k"}},
    )
    writer = ResultWriter(
        resource="arn:aws:states:::s3:putObject",
        writer_config=draw(maybe(st.just(WriterConfig(transformation="COMPACT", output_type="JSONL")))),
        **{given: {"Bucket": "b", "Prefix": "p"}},
    )
    batcher = ItemBatcher(
        batch_input=draw(maybe(evaluated() if is_jsonata else templates())),
        max_items_per_batch=draw(st.integers(1, 100)),
    )
    return {
        "item_reader": draw(maybe(st.just(reader))),
        "result_writer": draw(maybe(st.just(writer))),
        "item_batcher": draw(maybe(st.just(batcher))),
        "tolerated_failure_count": draw(maybe(st.integers(0, 9))),
        "tolerated_failure_percentage": draw(maybe(st.integers(0, 100))),
    }
