"""Workflows that would be accepted and do something else than they look like: each is told, at the user's own line."""

from __future__ import annotations

from typing import Any

import pytest
from tests.sfn.support import line_of, problems

import penstock
from penstock import sfn as sf
from penstock.sfn import tasks

JP = sf.JsonPath
C = sf.Condition


def invoke(name: str, **options: Any) -> tasks.LambdaInvoke:
    return tasks.LambdaInvoke(name, lambda_function=name.replace(" ", "-"), **options)


def reads(name: str, path: str, **options: Any) -> sf.Pass:
    return sf.Pass(name, parameters={"x": JP.string_at(path)}, **options)


def told(chain: sf.Chainable, **options: Any) -> list[tuple[str, str]]:
    """(code, the first quoted name) of each problem."""
    return [(each.code, each.message.split("'")[1]) for each in problems(chain, **options)]


# -- results that take the place of the data


def test_a_task_without_result_path_and_one_that_reads_what_it_overwrote() -> None:
    chain = invoke("price") >> reads("total", "$.order")
    (found,) = problems(chain)
    assert found.code == "PS740"
    assert line_of(found).startswith("sf.Pass(name")
    assert "'price' has no result_path" in found.message
    assert "result_path='$.price'" in str(found.help)
    assert found.notes[0].span.line  # the line that made the task
    result = penstock.run(
        {**sf.StateMachine("m", definition=invoke("price")).to_dict()},
        {"order": 1},
        functions={"price": lambda e, c: e},
    )
    assert "order" not in result.output


@pytest.mark.parametrize(
    "make",
    [
        lambda: invoke("price", result_path="$.price") >> reads("total", "$.order"),
        lambda: invoke("price", result_path=JP.DISCARD) >> reads("total", "$.order"),
        lambda: invoke("price") >> reads("total", "$.Payload"),
        lambda: invoke("price", result_selector={"order": JP.string_at("$.Payload")}) >> reads("total", "$.order"),
        lambda: invoke("price", output_path="$.Payload") >> reads("total", "$.order"),
        lambda: invoke("price") >> sf.Pass("p", result=sf.Result.from_number(1), result_path="$.order") >> reads("t", "$.order"),
        # Whoever asks whether it is there knows what he does.
        lambda: invoke("price") >> sf.Choice("c").when(C.is_present("$.order"), reads("t", "$.order")).otherwise(sf.Pass("e")),
        # The context object and variables are elsewhere.
        lambda: invoke("price", assign={"v": 1}) >> sf.Pass("p", parameters={"a": JP.string_at("$v"), "b": JP.execution_id}),
    ],
)  # fmt: skip
def test_data_that_is_still_there(make: Any) -> None:
    assert told(make()) == []


def test_what_an_earlier_state_had_put_there() -> None:
    first = invoke("first", result_path="$.first")
    bare = sf.Task("bare", resource="arn:aws:lambda:us-east-1:123456789012:function:f")
    assert told(first >> bare >> reads("last", "$.first.Payload")) == [("PS741", "last")]
    selected = sf.Task(
        "selected",
        resource="arn:aws:lambda:us-east-1:123456789012:function:f",
        result_selector={"a": JP.string_at("$.a")},
    )
    assert told(first.copy("one") >> selected >> reads("last", "$.first")) == [("PS740", "last")]


def test_one_way_around_is_enough() -> None:
    last = reads("last", "$.order")
    choice = sf.Choice("c").when(C.is_null("$.order"), invoke("price").next(last)).otherwise(last)
    assert told(choice) == []


def test_a_loop_comes_to_an_end() -> None:
    work = invoke("work", result_path="$.work")
    again = sf.Choice("again?").when(C.boolean_equals("$.work.Payload", True), work).otherwise(sf.Pass("done"))
    assert told(work >> again) == []


def test_inside_branches_and_after_lists() -> None:
    inner = invoke("a") >> reads("b", "$.order")
    assert told(sf.Parallel("p").branch(inner)) == [("PS740", "b")]
    after = sf.Parallel("p").branch(sf.Pass("x")) >> reads("b", "$.order")
    assert told(after) == [("PS740", "b")]
    given = sf.Parallel("p", parameters={"only": 1}).branch(reads("b", "$.order"))
    assert told(given) == [("PS740", "b")]


def test_choices_and_waits_read_too() -> None:
    done = sf.Pass("done")
    choice = sf.Choice("c").when(C.string_equals("$.kind", "a"), done).otherwise(done)
    assert told(invoke("x") >> choice) == [("PS740", "c")]
    assert told(invoke("x") >> sf.Wait("w", time=sf.WaitTime.seconds_path("$.n"))) == [("PS740", "w")]


def test_jsonata_has_no_such_trap() -> None:
    chain = tasks.LambdaInvoke.jsonata("a", lambda_function="a") >> sf.Pass.jsonata(
        "b", outputs="{% $states.input.x %}"
    )
    assert told(chain, query_language=sf.QueryLanguage.JSONATA) == []


# -- error handlers


def test_a_handler_that_ends_well_is_pointed_out() -> None:
    task = invoke("work").add_catch(invoke("notify", payload=sf.TaskInput.from_object({"a": 1})))
    (found,) = problems(task)
    assert (found.code, found.is_error) == ("PS742", False)
    assert line_of(found).startswith('invoke("work").add_catch(')
    assert "counts as SUCCEEDED" in found.message


@pytest.mark.parametrize(
    "handler",
    [
        lambda task: sf.Pass("notify") >> sf.Fail("failed"),
        lambda task: sf.Pass("notify") >> sf.Succeed("good enough"),
        lambda task: sf.Pass("notify") >> task.following,
    ],
)
def test_handlers_that_say_how_they_end(handler: Any) -> None:
    task = invoke("work", result_path="$.w")
    task.next(sf.Pass("next"))
    task.add_catch(handler(task), result_path="$.error")
    assert told(task) == []


def test_a_handler_in_a_branch_gives_the_branch_its_result() -> None:
    assert told(sf.Map("m").item_processor(invoke("work").add_catch(sf.Pass("skip")))) == []


# -- choices


def test_an_arm_that_dangles() -> None:
    report = sf.Pass("report")
    create, update, skip = sf.Pass("create"), sf.Pass("update"), sf.Pass("skip")
    create.next(report)
    update.next(report)
    choice = sf.Choice("kind").when(C.string_equals("$.k", "new"), create)
    choice.when(C.string_equals("$.k", "old"), update)
    choice.otherwise(skip)
    (found,) = problems(choice)
    assert found.code == "PS743"
    assert line_of(found) == "choice.otherwise(skip)"
    skip.next(sf.Succeed("nothing to do"))
    assert told(choice) == []


def test_an_arm_after_the_arms_were_joined() -> None:
    choice = sf.Choice("c").when(C.is_null("$.a"), sf.Pass("a")).otherwise(sf.Pass("b"))
    choice.afterwards().next(sf.Pass("after"))
    choice.when(C.is_null("$.b"), sf.Pass("late"))
    found = [each for each in problems(choice) if each.code == "PS744"]
    assert line_of(found[0]) == 'choice.when(C.is_null("$.b"), sf.Pass("late"))'
    assert found[0].notes


def test_the_way_otherwise_can_join_too() -> None:
    choice = sf.Choice("c").when(C.is_null("$.a"), sf.Pass("a"))
    choice.afterwards(include_otherwise=True).next(sf.Pass("after"))
    assert told(choice) == []
    found = sf.StateMachine("m", definition=choice).to_dict()["States"]
    assert found["c"]["Default"] == "after"


def test_a_choice_without_a_way_otherwise() -> None:
    choice = sf.Choice("c").when(C.string_equals("$.a", "x"), sf.Pass("a"))
    assert told(choice) == [("PS745", "c")]
    both = sf.Choice("c").when(C.is_present("$.a"), sf.Pass("a")).when(C.is_not_present("$.a"), sf.Pass("b"))
    assert told(both) == []
