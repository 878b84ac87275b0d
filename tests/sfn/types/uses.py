"""Right and wrong use of penstock.sfn. A line that ends in `# wrong` must be reported by mypy and by pyright, others by none."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from penstock import sfn as sf
from penstock.sfn import core, lambdas, tasks

JP = sf.JsonPath


def function(event: Any, context: Any) -> Any:
    return event


# -- states and chains
a = sf.Pass("a", result_path="$.a", parameters={"x": JP.string_at("$.x")}, comment="c")
b = sf.Pass.jsonata("b", outputs={"x": "{% 1 %}"}, assign={"v": 1})
wait = sf.Wait("w", time=sf.WaitTime.duration(core.Duration.minutes(5)))
chain: sf.Chain = a >> b >> wait
chain = sf.Chain.start(a).next(b.next(wait))
sf.Pass("p", resultpath="$.a")  # wrong
sf.Pass("p", result_path=3)  # wrong
sf.Pass.jsonata("p", reslt=sf.Result.from_string("x"))  # wrong
sf.Pass.jsonata("p", result=3)  # wrong
sf.Pass(3)  # wrong
sf.Wait("w", time=30)  # wrong
sf.Wait("w")  # wrong
a.next("b")  # wrong
a >> "b"  # wrong
sf.Succeed("s").next(a)  # wrong
sf.Fail("f") >> a  # wrong
sf.Fail("f", error=3)  # wrong

# -- choices
choice = sf.Choice("c").when(sf.Condition.string_equals("$.a", "x"), a, comment="x").otherwise(b)
joined: sf.Chain = choice.afterwards().next(wait)
sf.Choice("c").when("$.a", a)  # wrong
sf.Choice("c").when(sf.Condition.is_null("$.a"), "b")  # wrong
sf.Choice("c").otherwise(3)  # wrong
sf.Condition.string_equals("$.a", 3)  # wrong
sf.Condition.number_equals("$.a", "3")  # wrong
sf.Condition.boolean_equals("$.a", "true")  # wrong
sf.Condition.and_(sf.Condition.is_null("$.a"), "x")  # wrong

# -- errors
sf.Parallel("p").branch(a, b, chain).add_catch(sf.Fail("f"), errors=[sf.Errors.ALL], result_path=JP.DISCARD).next(wait)
sf.Map("m", items_path="$.x", max_concurrency=3).item_processor(a).add_retry(interval=timedelta(seconds=3)).next(b)
sf.Parallel("p").add_catch("f")  # wrong
sf.Parallel("p").add_catch(sf.Fail("f"), errors=3)  # wrong
sf.Parallel("p").add_retry(interval=3)  # wrong
sf.Parallel("p").add_retry(max_attempts="3")  # wrong
sf.Map("m", items_pth="$.x")  # wrong
sf.Map("m").item_processor("a")  # wrong
sf.Pass("p").add_catch(sf.Fail("f"))  # wrong

# -- tasks: a list or a number may come out of the data
tasks.LambdaInvoke("l", lambda_function=function, payload=sf.TaskInput.from_object({"a": 1}))
tasks.LambdaInvoke.jsonata("l", lambda_function="f", timeout=core.Duration.seconds(3), outputs="{% 1 %}")
tasks.LambdaInvoke("l", lambda_function=lambdas.Function("f"), qualifier=JP.string_at("$.q"))
tasks.EmrAddStep("e", cluster_id=JP.string_at("$.c"), name="s", jar="j", args=JP.list_at("$.hoge.Payload"))
tasks.EmrAddStep("e", cluster_id="c", name="s", jar="j", args=["a", JP.string_at("$.b")])
tasks.AthenaGetQueryResults("q", query_execution_id="q", max_results=JP.number_at("$.n"))
tasks.SqsSendMessage("s", queue="q", message_body=sf.TaskInput.from_text("x"), delay=timedelta(seconds=3))
tasks.LambdaInvoke("l")  # wrong
tasks.LambdaInvoke("l", lambda_function=3)  # wrong
tasks.LambdaInvoke("l", lambda_function="f", payload={"a": 1})  # wrong
tasks.LambdaInvoke("l", lambda_function="f", timout=core.Duration.seconds(3))  # wrong
tasks.LambdaInvoke.jsonata("l", lamda_function="f")  # wrong
tasks.EmrAddStep("e", cluster_id="c", name="s", jar="j", args=3)  # wrong
tasks.EmrAddStep("e", cluster_id="c", name="s", jar="j", args=[1, 2])  # wrong
tasks.EmrAddStep("e", cluster_id="c", name="s", jar="j", action_on_failure="CONTINUE")  # wrong
tasks.SqsSendMessage("s", queue="q", message_body="x")  # wrong
tasks.SqsSendMessage("s", queue="q", message_body=sf.TaskInput.from_text("x"), delay=3)  # wrong
tasks.DynamoPutItem("d", table="t", item={"id": "1"})  # wrong
tasks.GlueStartJobRun("g", glue_job_name="j", integration_pattern="RUN_JOB")  # wrong

# -- machines
sf.StateMachine("m", definition=chain, timeout=core.Duration.hours(1), query_language=sf.QueryLanguage.JSONATA)
sf.StateMachine("m", definition="a")  # wrong
sf.StateMachine("m", definition=a, query_language="JSONata")  # wrong
