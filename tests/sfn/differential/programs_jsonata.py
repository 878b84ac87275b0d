"""Programs in JSONata, and of the machine itself."""

from __future__ import annotations

from typing import Any

from tests.sfn.differential.programs import MACHINES, passes, program

# -- JSONata


def _jsonata(lib: Any) -> dict[str, Any]:
    return {"query_language": lib.sf.QueryLanguage.JSONATA}


@program
def jsonata_states_in_a_jsonpath_machine(lib: Any) -> Any:
    first = lib.sf.Pass.jsonata(lib.scope, "a", outputs={"x": "{% $states.input.x %}"}, assign={"v": "{% 1 + 1 %}"})
    return first.next(lib.sf.Pass(lib.scope, "b", parameters={"v": lib.sf.JsonPath.string_at("$v")}))


@program
def a_jsonata_machine(lib: Any) -> Any:
    sf = lib.sf
    done = sf.Succeed(lib.scope, "done", outputs="{% $states.input.total %}")
    wait = sf.Wait(lib.scope, "wait", time=sf.WaitTime.seconds("{% $states.input.n %}"))
    choice = (
        sf.Choice(lib.scope, "c")
        .when(sf.Condition.jsonata("{% $states.input.n > 3 %}"), wait, outputs={"n": 3}, comment="big")
        .otherwise(done)
    )
    wait.next(choice)
    return sf.Pass(lib.scope, "a", outputs={"n": 1}).next(choice)


MACHINES["a_jsonata_machine"] = _jsonata


@program
def jsonata_tasks(lib: Any) -> Any:
    sf, tasks = lib.sf, lib.tasks
    task = tasks.LambdaInvoke(
        lib.scope,
        "call",
        lambda_function=lib.function("call"),
        payload=sf.TaskInput.from_object({"id": "{% $states.input.id %}"}),
        outputs="{% $states.result.Payload %}",
        assign={"id": "{% $states.input.id %}"},
    )
    task.add_catch(sf.Fail(lib.scope, "f", error="{% $states.input.Error %}"), outputs="{% $states.errorOutput %}")
    whole = tasks.LambdaInvoke(
        lib.scope, "whole", lambda_function=lib.function("whole"), task_timeout=sf.Timeout.jsonata("{% 60 %}")
    )
    return task.next(whole)


MACHINES["jsonata_tasks"] = _jsonata


@program
def jsonata_maps(lib: Any) -> Any:
    sf = lib.sf
    mapped = sf.Map(
        lib.scope,
        "m",
        items=sf.ProvideItems.jsonata("{% $states.input.items %}"),
        item_selector={"v": "{% $states.context.Map.Item.Value %}"},
        jsonata_max_concurrency="{% 2 + 3 %}",
        outputs={"all": "{% $states.result %}"},
    )
    fixed = sf.Map(lib.scope, "fixed", items=sf.ProvideItems.json_array([1, 2]))
    return mapped.item_processor(sf.Pass(lib.scope, "each")).next(fixed.item_processor(sf.Pass(lib.scope, "one")))


MACHINES["jsonata_maps"] = _jsonata


@program
def a_jsonata_parallel(lib: Any) -> Any:
    parallel = lib.sf.Parallel(lib.scope, "p", arguments={"x": "{% 1 %}"}, outputs="{% $states.result[0] %}")
    return parallel.branch(*passes(lib, "a", "b"))


MACHINES["a_jsonata_parallel"] = _jsonata


@program
def the_machine_s_own_fields(lib: Any) -> Any:
    return lib.sf.Pass(lib.scope, "a")


MACHINES["the_machine_s_own_fields"] = lambda lib: {"comment": "c", "timeout": lib.core.Duration.hours(2)}


@program
def credentials(lib: Any) -> Any:
    sf = lib.sf
    fixed = lib.tasks.LambdaInvoke(
        lib.scope,
        "fixed",
        lambda_function=lib.function("f"),
        credentials=sf.Credentials(role=sf.TaskRole.from_role(lib.role("other"))),
        result_path="$.fixed",
    )
    path = lib.tasks.LambdaInvoke(
        lib.scope,
        "path",
        lambda_function=lib.function("f"),
        credentials=sf.Credentials(role=sf.TaskRole.from_role_arn_json_path("$.role")),
    )
    return fixed.next(path)
