"""States, chains, choices, branches and fragments: what they become, and what is told where they do not fit."""

from __future__ import annotations

from typing import Any

import pytest
from tests.sfn.support import codes, line_of, problems, state, states

import penstock
from penstock import sfn as sf
from penstock.errors import InvalidDefinition
from penstock.sfn import tasks

JP = sf.JsonPath
C = sf.Condition


def passes(*names: str) -> list[sf.Pass]:
    return [sf.Pass(name) for name in names]


def edges(found: dict[str, Any]) -> dict[str, Any]:
    return {name: each.get("Next", each.get("End")) for name, each in found.items()}


# -- chains


def test_the_three_ways_to_chain_are_one() -> None:
    for chain in (
        lambda a, b, c: sf.Chain.start(a).next(b).next(c),
        lambda a, b, c: a.next(b).next(c),
        lambda a, b, c: a >> b >> c,
    ):
        assert edges(states(chain(*passes("a", "b", "c")))) == {"a": "b", "b": "c", "c": True}


def test_a_loop_is_drawn() -> None:
    submit, wait, done = passes("submit", "wait", "done")
    check = sf.Choice("finished?").when(C.boolean_equals("$.done", True), done).otherwise(wait)
    wait.next(check)
    machine = penstock.load(sf.StateMachine("m", definition=submit >> check))
    assert edges(machine.to_dict()["States"])["wait"] == "finished?"
    assert machine.graph("mermaid").count("-->") >= 5
    assert not [each for each in machine.check() if each.is_error]


def test_a_chain_goes_on_where_its_last_part_ends() -> None:
    a, b, c = passes("a", "b", "c")
    choice = sf.Choice("x?").when(C.is_present("$.x"), a).otherwise(b)
    found = states(choice.afterwards().next(c))
    assert edges(found) == {"x?": None, "a": "c", "b": "c", "c": True}


def test_saying_the_same_again_changes_nothing() -> None:
    handler, failed = sf.Pass("notify"), sf.Fail("failed")
    first, second = (
        sf.Task("a", resource="arn:aws:lambda:x:y:function:a"),
        sf.Task("b", resource="arn:aws:lambda:x:y:function:b"),
    )
    first.add_catch(handler.next(failed))
    second.add_catch(handler.next(failed))
    assert codes(first >> second) == []


def test_a_second_next_names_both_lines_and_what_to_do() -> None:
    a, b, c = passes("a", "b", "c")
    a.next(b)
    a.next(c)
    (found,) = problems(a)
    assert found.code == "PS710"
    assert line_of(found) == "a.next(c)"
    assert found.notes[0].span.line == found.span.line - 1  # type: ignore[union-attr]
    assert "a.copy('another name')" in str(found.help)


@pytest.mark.parametrize(
    "end", [sf.Succeed("end"), sf.Fail("end"), sf.Choice("end").when(C.is_null("$.a"), sf.Pass("p"))]
)
def test_nothing_follows_an_end(end: Any) -> None:
    chain = sf.Chain.start(sf.Pass("a")).next(end).next(sf.Pass("b"))
    assert "PS711" in codes(chain)


def test_something_that_is_no_state() -> None:
    a = sf.Pass("a")
    a.next("b")  # type: ignore[arg-type]
    assert codes(a) == ["PS716"]
    with pytest.raises(InvalidDefinition, match="PS716"):
        sf.Chain.start("a")  # type: ignore[arg-type]


# -- copies and names


def test_a_state_in_two_branches_is_told_and_a_copy_is_the_answer() -> None:
    notify = sf.Pass("notify")
    parallel = sf.Parallel("both").branch(sf.Pass("a") >> notify).branch(sf.Pass("b") >> notify)
    (found,) = problems(parallel)
    assert found.code == "PS712"
    assert "branch 1 of 'both'" in found.message
    assert "branch 2 of 'both'" in found.message
    assert ".copy('notify again')" in str(found.help)

    notify = sf.Pass("notify")
    parallel = sf.Parallel("both").branch(sf.Pass("a") >> notify, sf.Pass("b") >> notify.copy())
    branches = states(parallel)["both"]["Branches"]
    assert list(branches[1]["States"]) == ["b", "notify (2)"]


def test_a_copy_of_a_chain_is_a_chain_of_copies() -> None:
    handler = sf.Fail("failed")
    task = tasks.LambdaInvoke("call", lambda_function="f").add_catch(handler)
    inner = sf.Map("each", items_path="$.x").item_processor(sf.Pass("item"))
    choice = sf.Choice("ok?").when(C.is_present("$.a"), inner).otherwise(task)
    chain = sf.Chain.start(sf.Pass("start")).next(choice)
    copy = chain.copy("again: ")
    found = states(sf.Parallel("both").branch(chain, copy))["both"]["Branches"]
    assert list(found[0]["States"]) == ["start", "ok?", "each", "call", "failed"]
    assert list(found[1]["States"]) == [f"again: {name}" for name in found[0]["States"]]
    second = found[1]["States"]
    assert second["again: call"]["Catch"][0]["Next"] == "again: failed"
    assert second["again: ok?"]["Default"] == "again: call"
    assert list(second["again: each"]["ItemProcessor"]["States"]) == ["again: item"]


def test_two_states_of_one_name_are_told_with_both_lines() -> None:
    chain = sf.Chain.start(sf.Pass("a")).next(sf.Pass("b")).next(sf.Pass("a"))
    (found,) = problems(chain)
    assert found.code == "PS713"
    assert line_of(found) == 'sf.Pass("a")'
    assert len(found.notes) == 1


def test_a_name_of_its_own() -> None:
    assert list(states(sf.Pass("id", state_name="The name"))) == ["The name"]


# -- fragments


class Twice(sf.StateMachineFragment):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.first, self.second = sf.Pass("first"), sf.Pass("second")
        self.first.next(self.second)

    @property
    def start_state(self) -> sf.State:
        return self.first

    @property
    def end_states(self) -> list[sf.Nextable]:
        return [self.second]


def test_a_fragment_is_used_twice_with_prefixes() -> None:
    chain = Twice("one").prefix_states() >> Twice("two").prefix_states("2: ") >> sf.Pass("last")
    assert edges(states(chain)) == {
        "one: first": "one: second",
        "one: second": "2: first",
        "2: first": "2: second",
        "2: second": "last",
        "last": True,
    }


def test_a_fragment_as_one_state() -> None:
    found = states(Twice("work").to_single_state(comment="all of it"))
    assert found["work"]["Comment"] == "all of it"
    assert list(found["work"]["Branches"][0]["States"]) == ["work: first", "work: second"]


# -- state types


def test_pass() -> None:
    one = sf.Pass(
        "p",
        comment="c",
        input_path="$.in",
        output_path=JP.DISCARD,
        result_path="$.r",
        parameters={"a": JP.string_at("$.a"), "b": 1},
        assign={"v": JP.number_at("$.n")},
    )
    assert state(one) == {
        "Type": "Pass",
        "Comment": "c",
        "InputPath": "$.in",
        "Parameters": {"a.$": "$.a", "b": 1},
        "ResultPath": "$.r",
        "OutputPath": None,
        "Assign": {"v.$": "$.n"},
    }
    assert state(sf.Pass("p", result=sf.Result.from_object({"a.$": "$.x"})))["Result"] == {"a.$": "$.x"}


def test_jsonata_has_outputs_and_arguments() -> None:
    one = sf.Pass.jsonata("p", outputs={"a": "{% $states.input.a %}", "n": sf.Jsonata.number("1 + 1")}, assign={"v": 1})
    assert state(one) == {
        "Type": "Pass",
        "QueryLanguage": "JSONata",
        "Assign": {"v": 1},
        "Output": {"a": "{% $states.input.a %}", "n": "{% 1 + 1 %}"},
    }
    inside = states(sf.Pass("p", outputs="{% 1 %}"), query_language=sf.QueryLanguage.JSONATA)
    assert inside["p"] == {"Type": "Pass", "Output": "{% 1 %}", "End": True}


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        (sf.WaitTime.duration(sf.Duration.minutes(2)), {"Seconds": 120}),
        (sf.WaitTime.seconds_path("$.n"), {"SecondsPath": "$.n"}),
        (sf.WaitTime.timestamp("2027-01-01T00:00:00Z"), {"Timestamp": "2027-01-01T00:00:00Z"}),
        (sf.WaitTime.timestamp_path("$.t"), {"TimestampPath": "$.t"}),
    ],
)
def test_wait(time: sf.WaitTime, expected: dict[str, Any]) -> None:
    assert state(sf.Wait("w", time=time)) == {"Type": "Wait", **expected}


def test_fail_takes_paths_where_it_takes_texts() -> None:
    assert state(sf.Fail("f", error="E", cause=JP.string_at("$.cause"))) == {
        "Type": "Fail",
        "Error": "E",
        "CausePath": "$.cause",
    }
    assert state(sf.Fail("f", error_path="$.e", cause_path=JP.format("{}", JP.string_at("$.c")))) == {
        "Type": "Fail",
        "ErrorPath": "$.e",
        "CausePath": "States.Format('{}', $.c)",
    }


def test_choice_rules() -> None:
    a, b, other = passes("a", "b", "other")
    choice = (
        sf.Choice("c", comment="x")
        .when(C.and_(C.is_present("$.n"), ~C.number_less_than("$.n", 3)), a, comment="big", assign={"v": 1})
        .when(C.string_equals_json_path("$.a", "$.b") | C.string_matches("$.a", "x*"), b)
        .otherwise(other)
    )
    assert states(choice)["c"] == {
        "Type": "Choice",
        "Comment": "x",
        "Choices": [
            {
                "And": [
                    {"Variable": "$.n", "IsPresent": True},
                    {"Not": {"Variable": "$.n", "NumericLessThan": 3}},
                ],
                "Next": "a",
                "Assign": {"v": 1},
                "Comment": "big",
            },
            {
                "Or": [
                    {"Variable": "$.a", "StringEqualsPath": "$.b"},
                    {"Variable": "$.a", "StringMatches": "x*"},
                ],
                "Next": "b",
            },
        ],
        "Default": "other",
    }


def test_a_jsonata_choice() -> None:
    a = sf.Pass.jsonata("a")
    choice = sf.Choice.jsonata("c").when(C.jsonata("$states.input.n > 3"), a, outputs={"x": 1}).otherwise(a)
    assert states(choice)["c"]["Choices"] == [
        {"Condition": "{% $states.input.n > 3 %}", "Next": "a", "Output": {"x": 1}}
    ]


def test_retriers_and_catchers() -> None:
    task = (
        sf.Task("t", resource="arn:aws:states:::lambda:invoke", parameters={"FunctionName": "f"})
        .add_retry()
        .add_retry(
            errors=["A", "B"],
            interval=sf.Duration.seconds(3),
            max_attempts=0,
            backoff_rate=1.5,
            max_delay=sf.Duration.minutes(1),
            jitter_strategy=sf.JitterType.FULL,
        )
        .add_catch(sf.Fail("all"), result_path=JP.DISCARD)
        .add_catch(sf.Fail("some"), errors=[sf.Errors.TIMEOUT], result_path="$.error")
    )
    found = states(task)["t"]
    assert found["Retry"] == [
        {
            "ErrorEquals": ["A", "B"],
            "IntervalSeconds": 3,
            "MaxAttempts": 0,
            "BackoffRate": 1.5,
            "MaxDelaySeconds": 60,
            "JitterStrategy": "FULL",
        },
        {"ErrorEquals": ["States.ALL"]},
    ]
    assert found["Catch"] == [
        {"ErrorEquals": ["States.Timeout"], "Next": "some", "ResultPath": "$.error"},
        {"ErrorEquals": ["States.ALL"], "Next": "all", "ResultPath": None},
    ]


def test_task_options() -> None:
    task = sf.Task(
        "t",
        resource="arn:aws:states:::sns:publish",
        parameters={"Message": "m"},
        timeout=sf.Duration.hours(1),
        heartbeat_timeout=sf.Timeout.at("$.beat"),
        credentials=sf.Credentials(role=sf.TaskRole.from_role_arn_json_path("$.role")),
        result_selector={"id": JP.string_at("$.MessageId")},
        result_path=JP.DISCARD,
    )
    assert state(task) == {
        "Type": "Task",
        "Resource": "arn:aws:states:::sns:publish",
        "Parameters": {"Message": "m"},
        "Credentials": {"RoleArn.$": "$.role"},
        "TimeoutSeconds": 3600,
        "HeartbeatSecondsPath": "$.beat",
        "ResultSelector": {"id.$": "$.MessageId"},
        "ResultPath": None,
    }


def test_maps() -> None:
    inline = sf.Map(
        "m", items_path="$.items", max_concurrency=3, item_selector={"v": JP.string_at("$$.Map.Item.Value")}
    ).item_processor(sf.Pass("p"))
    assert state(inline) == {
        "Type": "Map",
        "ItemsPath": "$.items",
        "ItemSelector": {"v.$": "$$.Map.Item.Value"},
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "INLINE"},
            "StartAt": "p",
            "States": {"p": {"Type": "Pass", "End": True}},
        },
        "MaxConcurrency": 3,
    }
    old = sf.Map("m", parameters={"a": 1}).iterator(sf.Pass("p"))
    assert set(state(old)) == {"Type", "Parameters", "Iterator"}
    jsonata = sf.Map.jsonata("m", items=sf.ProvideItems.json_array([1, 2]), max_concurrency="{% 1 + 1 %}")
    assert state(jsonata.item_processor(sf.Pass("p")))["Items"] == [1, 2]


def test_a_distributed_map() -> None:
    one = sf.DistributedMap(
        "d",
        map_execution_type=sf.StateMachineType.EXPRESS,
        item_reader=sf.S3CsvItemReader(
            bucket=sf.Bucket("b"), key=JP.string_at("$.key"), csv_headers=sf.CsvHeaders.use(["a"]), max_items=5
        ),
        item_batcher=sf.ItemBatcher(max_items_per_batch=10, batch_input={"x": JP.string_at("$.x")}),
        result_writer_v2=sf.ResultWriterV2(
            bucket="out",
            prefix="p",
            writer_config=sf.WriterConfig(output_type=sf.OutputType.JSONL, transformation=sf.Transformation.COMPACT),
        ),
        label="orders",
        tolerated_failure_percentage=5,
    ).item_processor(sf.Pass("p"))
    assert state(one) == {
        "Type": "Map",
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {
                "InputType": "CSV",
                "CSVHeaderLocation": "GIVEN",
                "CSVHeaders": ["a"],
                "MaxItems": 5,
            },
            "Parameters": {"Bucket": "b", "Key.$": "$.key"},
        },
        "ItemBatcher": {"BatchInput": {"x.$": "$.x"}, "MaxItemsPerBatch": 10},
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
            "StartAt": "p",
            "States": {"p": {"Type": "Pass", "End": True}},
        },
        "ToleratedFailurePercentage": 5,
        "Label": "orders",
        "ResultWriter": {
            "Resource": "arn:aws:states:::s3:putObject",
            "WriterConfig": {"Transformation": "COMPACT", "OutputType": "JSONL"},
            "Parameters": {"Bucket": "out", "Prefix": "p"},
        },
    }


def test_a_custom_state_is_chained_like_any_other() -> None:
    custom = sf.CustomState(
        "c", state_json={"Type": "Task", "Resource": "arn:aws:lambda:a:b:function:c", "ResultPath": None}
    )
    custom.add_catch(sf.Fail("f"))
    found = states(custom, sf.Pass("next"))
    assert found["c"] == {
        "Type": "Task",
        "Resource": "arn:aws:lambda:a:b:function:c",
        "ResultPath": None,
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "f"}],
        "Next": "next",
    }
    assert codes(sf.CustomState("c", state_json={"Type": "Taks"})) == ["PS720"]


def test_one_state_as_json() -> None:
    parallel = sf.Chain.start(sf.Pass("a")).to_single_state("all")
    assert parallel.to_state_json()["Branches"][0] == {"StartAt": "a", "States": {"a": {"Type": "Pass", "End": True}}}


def test_the_machine_s_own_fields() -> None:
    machine = sf.StateMachine(
        "m",
        definition_body=sf.DefinitionBody.from_chainable(sf.Pass.jsonata("p")),
        comment="c",
        query_language=sf.QueryLanguage.JSONATA,
        timeout=sf.Duration.minutes(5),
    )
    assert machine.to_dict() == {
        "Comment": "c",
        "QueryLanguage": "JSONata",
        "TimeoutSeconds": 300,
        "StartAt": "p",
        "States": {"p": {"Type": "Pass", "End": True}},
    }
    text = sf.StateMachine("m", definition_body=sf.DefinitionBody.from_string(machine.to_json()))
    assert text.to_dict() == machine.to_dict()


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: sf.Wait("w", time=30), "PS720"),  # type: ignore[arg-type]
        (
            lambda: sf.Wait("w", time=sf.WaitTime.timestamp_path("$.t"), query_language=sf.QueryLanguage.JSONATA),
            "PS725",
        ),
        (lambda: sf.Pass("a", resultpath="$.a"), "PS721"),  # type: ignore[call-arg]
        (lambda: sf.Pass("a", result_path="a"), "PS720"),
        (lambda: sf.Pass("a", parameters={"a": object()}), "PS720"),
        (lambda: sf.Pass("a", parameters={"a": float("nan")}), "PS720"),
        (lambda: sf.Pass("a", outputs="x"), "PS725"),
        (lambda: sf.Pass("a", parameters={"a": ["{% $states.input %}"]}), "PS725"),
        (lambda: sf.Pass.jsonata("a", result_path="$.a"), "PS725"),
        (lambda: sf.Pass.jsonata("a", outputs={"a": JP.string_at("$.a")}), "PS725"),
        (lambda: sf.Pass("a", parameters={"a": [{"b": 1}, JP.string_at("$.a")]}), "PS724"),
        (lambda: sf.Choice("c"), "PS715"),
        (lambda: sf.Parallel("p"), "PS715"),
        (lambda: sf.Map("m"), "PS715"),
        (lambda: sf.Choice("c").when("$.a", sf.Pass("a")), "PS720"),  # type: ignore[arg-type]
        (
            lambda: sf.Choice("c").when(C.is_null("$.a"), sf.Pass("a")).otherwise(sf.Pass("x")).otherwise(sf.Pass("y")),
            "PS714",
        ),
        (lambda: sf.Choice("c").when(C.jsonata("true"), sf.Pass("a")).otherwise(sf.Pass("x")), "PS725"),
        (lambda: sf.Map("m", items=[1]).item_processor(sf.Pass("p")), "PS725"),
        (lambda: sf.Map("m", max_concurrency=-1).item_processor(sf.Pass("p")), "PS720"),
        (
            lambda: sf.Map("m", items_path="$.a", max_concurrency=1, max_concurrency_path="$.n").item_processor(
                sf.Pass("p")
            ),
            "PS720",
        ),
        (
            lambda: sf.DistributedMap("m", item_reader=sf.S3JsonItemReader(key="k")).item_processor(sf.Pass("p")),
            "PS722",
        ),
        (lambda: sf.Task("t", resource="arn:aws:states:::sns:publish", timeout=1.5), "PS720"),  # type: ignore[arg-type]
        (lambda: sf.Parallel("p").branch(sf.Pass("a")).add_catch(sf.Fail("f"), errors=["States.ALL", "A"]), "PS726"),
        (lambda: sf.Parallel("p").branch(sf.Pass("a")).add_retry(errors="A"), "PS720"),
        (lambda: sf.Parallel("p").branch(sf.Pass("a")).add_retry(interval=sf.Duration.millis(10)), "PS720"),
    ],
)
def test_wrong_use_is_a_diagnostic_at_the_line(make: Any, code: str) -> None:
    found = [each for each in problems(make()) if each.is_error]
    assert [each.code for each in found] == [code]
    assert found[0].span is not None
    assert found[0].span.source.name.endswith("test_composing.py")


def test_all_problems_come_at_once() -> None:
    a = sf.Pass("a", resultpath="$.a")  # type: ignore[call-arg]
    b = sf.Wait("b", time=3)  # type: ignore[arg-type]
    machine = sf.StateMachine("m", definition=a >> b >> sf.Pass("a"))
    with pytest.raises(InvalidDefinition) as caught:
        machine.to_dict()
    assert sorted(each.code for each in caught.value.diagnostics) == ["PS713", "PS720", "PS721"]
    assert "(2 more)" in str(caught.value)


def test_building_twice_tells_the_same() -> None:
    machine = sf.StateMachine("m", definition=sf.Wait("w", time=3))  # type: ignore[arg-type]
    assert len(machine.diagnostics) == len(machine.diagnostics) == 1


def test_states_may_stand_in_two_machines() -> None:
    chain = sf.Pass("a") >> sf.Pass("b")
    assert sf.StateMachine("x", definition=chain).to_dict() == sf.StateMachine("y", definition=chain).to_dict()


def test_a_machine_of_nothing() -> None:
    assert [each.code for each in sf.StateMachine("m").diagnostics] == ["PS716"]


def test_scopes_of_the_construct_library_are_let_go() -> None:
    stack = sf.Stack()
    chain = sf.Chain.start(sf.Pass(stack, "a")).next(sf.Wait.jsonata(stack, "w", time=sf.WaitTime.seconds("{% 3 %}")))  # type: ignore[arg-type,call-arg]
    machine = sf.StateMachine(stack, "m", definition=chain)
    assert stack.machines == {"m": machine}
    assert list(machine.to_dict()["States"]) == ["a", "w"]
