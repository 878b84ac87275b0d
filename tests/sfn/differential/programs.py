"""Sixty programs, each for two libraries: what a function gets is aws-cdk-lib's modules, or ours.

`lib.sf`, `lib.tasks` and `lib.core` are what a program would import; `lib.scope` is the scope it would give, `self`. So the text
of a program is the same for both, and only the imports differ.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Program = Callable[[Any], Any]

PROGRAMS: dict[str, Program] = {}
MACHINES: dict[str, Callable[[Any], dict[str, Any]]] = {}
"""What a program gives its StateMachine beside the definition."""


def program(function: Program) -> Program:
    PROGRAMS[function.__name__] = function
    return function


def passes(lib: Any, *names: str) -> list[Any]:
    return [lib.sf.Pass(lib.scope, name) for name in names]


# -- chains


@program
def two_passes(lib: Any) -> Any:
    a, b = passes(lib, "a", "b")
    return lib.sf.Chain.start(a).next(b)


@program
def four_in_a_row(lib: Any) -> Any:
    a, b, c, d = passes(lib, "a", "b", "c", "d")
    return a.next(b).next(c).next(d)


@program
def a_chain_after_a_chain(lib: Any) -> Any:
    a, b, c, d = passes(lib, "a", "b", "c", "d")
    return a.next(b).next(c.next(d))


@program
def a_sequence(lib: Any) -> Any:
    a, b, c = passes(lib, "a", "b", "c")
    return lib.sf.Chain.sequence(lib.sf.Chain.sequence(a, b), c)


@program
def chains_as_one_state(lib: Any) -> Any:
    a, b, c = passes(lib, "a", "b", "c")
    single = lib.sf.Chain.start(a).next(b).to_single_state("all", result_path="$.all", comment="both")
    return single.next(c)


@program
def ends(lib: Any) -> Any:
    return lib.sf.Pass(lib.scope, "a").next(lib.sf.Succeed(lib.scope, "done", comment="all is well"))


@program
def succeed_with_paths(lib: Any) -> Any:
    return lib.sf.Succeed(lib.scope, "done", input_path="$.in", output_path="$.out")


@program
def failing(lib: Any) -> Any:
    return lib.sf.Fail(lib.scope, "f", error="E", cause="because", comment="c")


@program
def failing_by_paths(lib: Any) -> Any:
    cause = lib.sf.JsonPath.format("{} failed", lib.sf.JsonPath.string_at("$.name"))
    return lib.sf.Fail(lib.scope, "f", error_path="$.error", cause_path=cause)


@program
def a_name_beside_the_id(lib: Any) -> Any:
    return lib.sf.Pass(lib.scope, "id", state_name="Its name").next(lib.sf.Pass(lib.scope, "next"))


# -- passes


@program
def a_fixed_result(lib: Any) -> Any:
    return lib.sf.Pass(
        lib.scope, "p", result=lib.sf.Result.from_object({"a": 1, "b": ["x"]}), result_path="$.r", comment="c"
    )


@program
def results_of_every_kind(lib: Any) -> Any:
    result = lib.sf.Result
    chain = lib.sf.Pass(lib.scope, "text", result=result.from_string("a"))
    for name, value in (
        ("number", result.from_number(3)),
        ("true", result.from_boolean(True)),
        ("list", result.from_array([1, 2])),
    ):
        chain = chain.next(lib.sf.Pass(lib.scope, name, result=value))
    return chain


@program
def parameters(lib: Any) -> Any:
    path = lib.sf.JsonPath
    return lib.sf.Pass(
        lib.scope,
        "p",
        parameters={
            "text": path.string_at("$.text"),
            "number": path.number_at("$.number"),
            "list": path.list_at("$.list"),
            "object": path.object_at("$.object"),
            "inner": {"deep": path.string_at("$.deep"), "fixed": "x", "flag": True, "n": 1.5},
            "list of objects": [{"a": path.string_at("$.a")}, {"b": 2}],
            "plain": ["a", "b"],
        },
    )


@program
def context(lib: Any) -> Any:
    path = lib.sf.JsonPath
    names = (
        "entire_context entire_payload execution_id execution_input execution_name execution_role_arn execution_start_time "
        "state_entered_time state_name state_retry_count state_machine_id state_machine_name"
    )
    return lib.sf.Pass(lib.scope, "p", parameters={name: getattr(path, name) for name in names.split()})


@program
def intrinsic_functions(lib: Any) -> Any:
    p = lib.sf.JsonPath
    return lib.sf.Pass(
        lib.scope,
        "p",
        parameters={
            "format": p.format("a '{}' {}", p.string_at("$.a"), p.execution_name),
            "array": p.array("x", p.string_at("$.b")),
            "partition": p.array_partition(p.list_at("$.l"), 4),
            "contains": p.array_contains(p.list_at("$.l"), 5),
            "range": p.array_range(1, 9, 2),
            "item": p.array_get_item(p.list_at("$.l"), 5),
            "length": p.array_length(p.list_at("$.l")),
            "unique": p.array_unique(p.list_at("$.l")),
            "encode": p.base64_encode(p.string_at("$.s")),
            "decode": p.base64_decode(p.string_at("$.s")),
            "hash": p.hash(p.object_at("$.o"), p.string_at("$.algorithm")),
            "merge": p.json_merge(p.object_at("$.a"), p.object_at("$.b")),
            "parse": p.string_to_json(p.string_at("$.j")),
            "write": p.json_to_string(p.object_at("$.o")),
            "split": p.string_split("a,b", ","),
            "random": p.math_random(1, 9),
            "add": p.math_add(p.number_at("$.n"), 1),
            "uuid": p.uuid(),
            "nested": p.format("{}", p.array_get_item(p.list_at("$.l"), 0)),
        },
    )


@program
def paths_and_discard(lib: Any) -> Any:
    path = lib.sf.JsonPath
    first = lib.sf.Pass(lib.scope, "a", input_path="$.in", output_path="$.out", result_path=path.DISCARD)
    return first.next(lib.sf.Pass(lib.scope, "b", input_path=path.DISCARD, output_path=path.DISCARD))


@program
def variables(lib: Any) -> Any:
    path = lib.sf.JsonPath
    first = lib.sf.Pass(lib.scope, "a", assign={"x": path.string_at("$.x"), "y": 3, "z": path.execution_name})
    return first.next(lib.sf.Pass(lib.scope, "b", parameters={"x": path.string_at("$x"), "y": path.number_at("$y.z")}))


# -- waits


@program
def waits(lib: Any) -> Any:
    time = lib.sf.WaitTime
    chain = lib.sf.Wait(lib.scope, "span", time=time.duration(lib.core.Duration.minutes(2)))
    for name, value in (
        ("seconds", time.seconds_path("$.n")),
        ("instant", time.timestamp("2027-01-01T00:00:00Z")),
        ("path", time.timestamp_path("$.t")),
    ):
        chain = chain.next(lib.sf.Wait(lib.scope, name, time=value, comment=name))
    return chain


@program
def a_loop_with_a_wait(lib: Any) -> Any:
    sf = lib.sf
    submit, done = passes(lib, "submit", "done")
    wait = sf.Wait(lib.scope, "wait", time=sf.WaitTime.duration(lib.core.Duration.seconds(30)))
    check = sf.Choice(lib.scope, "done?").when(sf.Condition.boolean_equals("$.done", True), done).otherwise(wait)
    wait.next(check)
    return submit.next(check)


# -- choices


@program
def two_arms(lib: Any) -> Any:
    sf = lib.sf
    a, b = passes(lib, "a", "b")
    failed = sf.Fail(lib.scope, "failed", error="Neither")
    return (
        sf.Choice(lib.scope, "which", comment="c")
        .when(sf.Condition.string_equals("$.kind", "a"), a)
        .when(sf.Condition.string_equals("$.kind", "b"), b, comment="the second")
        .otherwise(failed)
    )


def _all_of(lib: Any, conditions: list[Any]) -> Any:
    choice = lib.sf.Choice(lib.scope, "c")
    target = lib.sf.Pass(lib.scope, "yes")
    for condition in conditions:
        choice.when(condition, target)
    return choice.otherwise(lib.sf.Pass(lib.scope, "no"))


@program
def conditions_on_texts(lib: Any) -> Any:
    c = lib.sf.Condition
    names = ("equals", "less_than", "less_than_equals", "greater_than", "greater_than_equals")
    found = [getattr(c, f"string_{name}")("$.a", "x") for name in names]
    found += [getattr(c, f"string_{name}_json_path")("$.a", "$.b") for name in names]
    return _all_of(lib, [*found, c.string_matches("$.a", "log-*.txt")])


@program
def conditions_on_numbers(lib: Any) -> Any:
    c = lib.sf.Condition
    names = ("equals", "less_than", "less_than_equals", "greater_than", "greater_than_equals")
    found = [getattr(c, f"number_{name}")("$.n", 3) for name in names]
    return _all_of(lib, found + [getattr(c, f"number_{name}_json_path")("$.n", "$.m") for name in names])


@program
def conditions_on_instants(lib: Any) -> Any:
    c = lib.sf.Condition
    names = ("equals", "less_than", "less_than_equals", "greater_than", "greater_than_equals")
    found = [getattr(c, f"timestamp_{name}")("$.t", "2027-01-01T00:00:00Z") for name in names]
    return _all_of(lib, found + [getattr(c, f"timestamp_{name}_json_path")("$.t", "$.u") for name in names])


@program
def conditions_on_kinds(lib: Any) -> Any:
    c = lib.sf.Condition
    found = []
    for kind in ("present", "null", "string", "numeric", "boolean", "timestamp"):
        found += [getattr(c, f"is_{kind}")("$.a"), getattr(c, f"is_not_{kind}")("$.a")]
    return _all_of(lib, [*found, c.boolean_equals("$.b", False), c.boolean_equals_json_path("$.b", "$.c")])


@program
def conditions_joined(lib: Any) -> Any:
    c = lib.sf.Condition
    one = c.and_(c.is_present("$.a"), c.or_(c.string_equals("$.a", "x"), c.not_(c.number_less_than("$.n", 2))))
    return _all_of(lib, [one, c.not_(c.and_(c.is_null("$.x"), c.is_null("$.y")))])


@program
def arms_that_come_together(lib: Any) -> Any:
    c = lib.sf.Condition
    a, b, other, after = passes(lib, "a", "b", "other", "after")
    choice = lib.sf.Choice(lib.scope, "c").when(c.is_null("$.x"), a).when(c.is_null("$.y"), b).otherwise(other)
    return choice.afterwards().next(after)


@program
def otherwise_comes_along(lib: Any) -> Any:
    a, after = passes(lib, "a", "after")
    choice = lib.sf.Choice(lib.scope, "c").when(lib.sf.Condition.is_null("$.x"), a)
    return choice.afterwards(include_otherwise=True).next(after)


@program
def an_arm_that_fails_does_not_come_along(lib: Any) -> Any:
    a, after = passes(lib, "a", "after")
    failed = lib.sf.Fail(lib.scope, "failed")
    choice = lib.sf.Choice(lib.scope, "c").when(lib.sf.Condition.is_null("$.x"), a).otherwise(failed)
    return lib.sf.Chain.start(lib.sf.Pass(lib.scope, "first")).next(choice.afterwards()).next(after)


@program
def choices_in_choices(lib: Any) -> Any:
    c = lib.sf.Condition
    a, b, d = passes(lib, "a", "b", "d")
    inner = lib.sf.Choice(lib.scope, "inner").when(c.is_null("$.y"), a).otherwise(b)
    return lib.sf.Choice(lib.scope, "outer", input_path="$.in").when(c.is_null("$.x"), inner).otherwise(d)


@program
def arms_that_assign(lib: Any) -> Any:
    a, b = passes(lib, "a", "b")
    choice = lib.sf.Choice(lib.scope, "c", assign={"other": True})
    return choice.when(lib.sf.Condition.is_null("$.x"), a, comment="null").otherwise(b)


# -- errors


def _task(lib: Any, name: str, **options: Any) -> Any:
    return lib.tasks.LambdaInvoke(
        lib.scope, name, lambda_function=lib.function(name), retry_on_service_exceptions=False, **options
    )


@program
def a_handler_for_two(lib: Any) -> Any:
    notify, failed = lib.sf.Pass(lib.scope, "notify"), lib.sf.Fail(lib.scope, "failed")
    handler = notify.next(failed)
    a, b = _task(lib, "a"), _task(lib, "b")
    a.add_catch(handler)
    b.add_catch(handler, errors=["States.ALL"], result_path="$.error")
    return a.next(b)


@program
def handlers_by_error(lib: Any) -> Any:
    errors = lib.sf.Errors
    task = _task(lib, "work")
    task.add_catch(lib.sf.Fail(lib.scope, "all"))
    task.add_catch(lib.sf.Fail(lib.scope, "late"), errors=[errors.TIMEOUT, errors.HEARTBEAT_TIMEOUT])
    task.add_catch(
        lib.sf.Fail(lib.scope, "mine"), errors=["Mine"], result_path=lib.sf.JsonPath.DISCARD, assign={"failed": True}
    )
    return task


@program
def retries(lib: Any) -> Any:
    second = lib.core.Duration.seconds
    task = _task(lib, "work")
    task.add_retry(errors=["A"], interval=second(5), max_attempts=2, backoff_rate=1.5)
    task.add_retry(max_attempts=0)
    task.add_retry(errors=["B"], max_delay=second(60), jitter_strategy=lib.sf.JitterType.FULL)
    return task


@program
def a_parallel_around_it_all(lib: Any) -> Any:
    notify, failed = lib.sf.Pass(lib.scope, "notify"), lib.sf.Fail(lib.scope, "failed")
    whole = lib.sf.Chain.start(_task(lib, "a")).next(_task(lib, "b")).to_single_state("whole")
    whole.add_retry(max_attempts=1)
    whole.add_catch(notify.next(failed))
    return whole


@program
def a_handler_that_goes_on(lib: Any) -> Any:
    after = lib.sf.Pass(lib.scope, "after")
    task = _task(lib, "work", result_path="$.work")
    return task.add_catch(after, result_path="$.error").next(after)


# -- parallels and maps


@program
def branches(lib: Any) -> Any:
    a, b, c = passes(lib, "a", "b", "c")
    parallel = lib.sf.Parallel(
        lib.scope, "both", result_selector={"a": lib.sf.JsonPath.object_at("$[0]")}, result_path="$.both", comment="c"
    )
    return parallel.branch(a.next(b)).branch(c).next(lib.sf.Pass(lib.scope, "after"))


@program
def branches_with_parameters(lib: Any) -> Any:
    parallel = lib.sf.Parallel(
        lib.scope, "p", parameters={"x": lib.sf.JsonPath.string_at("$.x")}, output_path="$.out", assign={"done": True}
    )
    return parallel.branch(*passes(lib, "a", "b", "c"))


@program
def parallels_in_parallels(lib: Any) -> Any:
    inner = lib.sf.Parallel(lib.scope, "inner").branch(*passes(lib, "a", "b"))
    return lib.sf.Parallel(lib.scope, "outer").branch(inner.next(lib.sf.Pass(lib.scope, "c")))


@program
def a_map(lib: Any) -> Any:
    path = lib.sf.JsonPath
    mapped = lib.sf.Map(
        lib.scope,
        "m",
        items_path="$.items",
        max_concurrency=5,
        item_selector={"item": path.object_at("$$.Map.Item.Value"), "n": path.number_at("$$.Map.Item.Index")},
        result_selector={"all": path.list_at("$[*].x")},
        result_path="$.m",
        comment="c",
    )
    return mapped.item_processor(lib.sf.Pass(lib.scope, "each")).next(lib.sf.Pass(lib.scope, "after"))


@program
def an_old_map(lib: Any) -> Any:
    mapped = lib.sf.Map(lib.scope, "m", parameters={"v": lib.sf.JsonPath.string_at("$$.Map.Item.Value")})
    return mapped.iterator(lib.sf.Pass(lib.scope, "each"))


@program
def a_map_by_paths(lib: Any) -> Any:
    mapped = lib.sf.Map(lib.scope, "m", items_path="$.items", max_concurrency_path="$.limit")
    mapped.item_processor(lib.sf.Pass(lib.scope, "each"), mode=lib.sf.ProcessorMode.INLINE)
    return mapped.add_retry(max_attempts=2).add_catch(lib.sf.Fail(lib.scope, "failed"))


@program
def a_map_whose_executions_are_distributed(lib: Any) -> Any:
    mapped = lib.sf.Map(lib.scope, "m", items_path="$.items")
    return mapped.item_processor(
        lib.sf.Pass(lib.scope, "each"),
        mode=lib.sf.ProcessorMode.DISTRIBUTED,
        execution_type=lib.sf.ProcessorType.EXPRESS,
    )


@program
def a_distributed_map(lib: Any) -> Any:
    sf = lib.sf
    mapped = sf.DistributedMap(
        lib.scope,
        "d",
        map_execution_type=sf.StateMachineType.EXPRESS,
        items_path="$.items",
        max_concurrency=100,
        label="orders",
        tolerated_failure_percentage=5,
        item_batcher=sf.ItemBatcher(max_items_per_batch=10, batch_input={"x": 1}, max_input_bytes_per_batch=1000),
        result_writer=sf.ResultWriter(bucket=lib.bucket("orders-out"), prefix="results"),
    )
    return mapped.item_processor(sf.Pass(lib.scope, "each"))


@program
def readers(lib: Any) -> Any:
    sf, bucket = lib.sf, lib.bucket("orders-in")
    chain = None
    for name, reader in (
        ("json", sf.S3JsonItemReader(bucket=bucket, key="a.json", max_items=3)),
        ("lines", sf.S3JsonLItemReader(bucket=bucket, key="a.jsonl")),
        ("csv", sf.S3CsvItemReader(bucket=bucket, key="a.csv", csv_headers=sf.CsvHeaders.use(["a", "b"]))),
        ("tabs", sf.S3CsvItemReader(bucket=bucket, key="a.tsv", csv_delimiter=sf.CsvDelimiter.TAB)),
        ("manifest", sf.S3ManifestItemReader(bucket=bucket, key="manifest.json")),
        ("objects", sf.S3ObjectsItemReader(bucket=bucket, prefix="orders/", max_items=9)),
        (
            "path",
            sf.S3JsonItemReader(bucket_name_path=sf.JsonPath.string_at("$.bucket"), key=sf.JsonPath.string_at("$.key")),
        ),
    ):
        mapped = sf.DistributedMap(lib.scope, name, item_reader=reader)
        mapped.item_processor(sf.Pass(lib.scope, f"each of {name}"))
        chain = mapped if chain is None else chain.next(mapped)
    return chain


# -- tasks


@program
def lambdas(lib: Any) -> Any:
    sf, tasks = lib.sf, lib.tasks
    whole = tasks.LambdaInvoke(lib.scope, "whole", lambda_function=lib.function("whole"), result_path="$.whole")
    payload = tasks.LambdaInvoke(
        lib.scope,
        "payload",
        lambda_function=lib.function("payload"),
        payload=sf.TaskInput.from_object({"id": sf.JsonPath.string_at("$.id"), "fixed": [1, 2]}),
        output_path="$.Payload",
        timeout=lib.core.Duration.minutes(1),
        comment="c",
    )
    only = tasks.LambdaInvoke(
        lib.scope,
        "only",
        lambda_function=lib.function("only"),
        payload_response_only=True,
        payload=sf.TaskInput.from_object({"a": sf.JsonPath.string_at("$.a")}),
        retry_on_service_exceptions=False,
    )
    return whole.next(payload).next(only)


@program
def lambda_with_a_token(lib: Any) -> Any:
    sf = lib.sf
    return lib.tasks.LambdaInvoke(
        lib.scope,
        "ask",
        lambda_function=lib.function("ask"),
        integration_pattern=sf.IntegrationPattern.WAIT_FOR_TASK_TOKEN,
        payload=sf.TaskInput.from_object({"token": sf.JsonPath.task_token}),
        invocation_type=lib.tasks.LambdaInvocationType.EVENT,
        qualifier="1",
        heartbeat_timeout=sf.Timeout.at("$.beat"),
        task_timeout=sf.Timeout.duration(lib.core.Duration.hours(1)),
        result_selector={"x": sf.JsonPath.string_at("$.x")},
    )


@program
def messages(lib: Any) -> Any:
    sf, tasks = lib.sf, lib.tasks
    send = tasks.SqsSendMessage(
        lib.scope,
        "send",
        queue=lib.queue("q"),
        message_body=sf.TaskInput.from_object({"id": sf.JsonPath.string_at("$.id")}),
        delay=lib.core.Duration.seconds(5),
        result_path=sf.JsonPath.DISCARD,
    )
    publish = tasks.SnsPublish(
        lib.scope,
        "publish",
        topic=lib.topic("t"),
        message=sf.TaskInput.from_json_path_at("$.message"),
        subject="hello",
        message_attributes={
            "n": tasks.MessageAttribute(value=3),
            "s": tasks.MessageAttribute(value="x", data_type=tasks.MessageAttributeDataType.STRING),
        },
        result_path=sf.JsonPath.DISCARD,
    )
    put = tasks.EventBridgePutEvents(
        lib.scope,
        "put",
        entries=[
            tasks.EventBridgePutEventsEntry(
                detail=sf.TaskInput.from_object({"id": sf.JsonPath.string_at("$.id")}),
                detail_type="order",
                source="shop",
            )
        ],
    )
    return send.next(publish).next(put)


@program
def dynamodb(lib: Any) -> Any:
    sf, tasks, table = lib.sf, lib.tasks, lib.table("orders")
    value = tasks.DynamoAttributeValue
    key = {"id": value.from_string(sf.JsonPath.string_at("$.id"))}
    get = tasks.DynamoGetItem(
        lib.scope,
        "get",
        table=table,
        key=key,
        projection_expression=[tasks.DynamoProjectionExpression().with_attribute("a").at_index(1).with_attribute("b")],
        result_path="$.item",
    )
    put = tasks.DynamoPutItem(
        lib.scope,
        "put",
        table=table,
        item={
            **key,
            "n": value.from_number(3),
            "t": value.number_from_string(sf.JsonPath.string_at("$.n")),
            "m": value.from_map({"x": value.from_boolean(True)}),
            "l": value.from_list([value.from_string("a"), value.from_null(True)]),
            "ss": value.from_string_set(["a", "b"]),
            "ns": value.from_number_set([1, 2]),
            "any": value.map_from_json_path("$.map"),
        },
        return_values=tasks.DynamoReturnValues.ALL_OLD,
        result_path=sf.JsonPath.DISCARD,
    )
    update = tasks.DynamoUpdateItem(
        lib.scope,
        "update",
        table=table,
        key=key,
        update_expression="SET a = :a",
        expression_attribute_values={":a": value.from_number(1)},
        condition_expression="attribute_exists(id)",
        expression_attribute_names={"#a": "a"},
        return_consumed_capacity=tasks.DynamoConsumedCapacity.TOTAL,
        result_path=sf.JsonPath.DISCARD,
    )
    delete = tasks.DynamoDeleteItem(lib.scope, "delete", table=table, key=key)
    return get.next(put).next(update).next(delete)


@program
def emr_steps(lib: Any) -> Any:
    sf, tasks = lib.sf, lib.tasks
    add = tasks.EmrAddStep(
        lib.scope,
        "add",
        cluster_id=sf.JsonPath.string_at("$.cluster"),
        name="step",
        jar="command-runner.jar",
        args=sf.JsonPath.list_at("$.hoge.Payload"),
        properties={"a": "b"},
        result_path="$.step",
    )
    fixed = tasks.EmrAddStep(
        lib.scope,
        "fixed",
        cluster_id="j-1",
        name="step",
        jar="hoge.jar",
        main_class="Main",
        args=["--tz", "utc"],
        action_on_failure=tasks.ActionOnFailure.TERMINATE_CLUSTER,
        integration_pattern=sf.IntegrationPattern.REQUEST_RESPONSE,
    )
    cancel = tasks.EmrCancelStep(lib.scope, "cancel", cluster_id="j-1", step_id="s-1")
    protect = tasks.EmrSetClusterTerminationProtection(
        lib.scope, "protect", cluster_id="j-1", termination_protected=False
    )
    end = tasks.EmrTerminateCluster(lib.scope, "end", cluster_id=sf.JsonPath.string_at("$.cluster"))
    return add.next(fixed).next(cancel).next(protect).next(end)


@program
def emr_clusters(lib: Any) -> Any:
    emr = lib.tasks.EmrCreateCluster
    create = emr(
        lib.scope,
        "create",
        name="cluster",
        cluster_role=lib.role("cluster"),
        service_role=lib.role("service"),
        auto_scaling_role=lib.role("scaling"),
        release_label="emr-7.0.0",
        log_uri="s3://logs",
        applications=[emr.ApplicationConfigProperty(name="Spark")],
        bootstrap_actions=[
            emr.BootstrapActionConfigProperty(
                name="b", script_bootstrap_action=emr.ScriptBootstrapActionConfigProperty(path="s3://b", args=["x"])
            )
        ],
        configurations=[emr.ConfigurationProperty(classification="spark", properties={"a": "b"})],
        tags={"k": "v"},
        instances=emr.InstancesConfigProperty(
            ec2_subnet_id="subnet-1",
            instance_groups=[
                emr.InstanceGroupConfigProperty(
                    instance_count=2,
                    instance_role=emr.InstanceRoleType.CORE,
                    instance_type="m5.xlarge",
                    market=emr.InstanceMarket.SPOT,
                )
            ],
        ),
    )
    fleet = lib.tasks.EmrModifyInstanceFleetByName(
        lib.scope,
        "fleet",
        cluster_id="j",
        instance_fleet_name="f",
        target_on_demand_capacity=lib.sf.JsonPath.number_at("$.n"),
        target_spot_capacity=1,
    )
    return create.next(fleet)


@program
def glue_and_athena(lib: Any) -> Any:
    sf, tasks = lib.sf, lib.tasks
    job = tasks.GlueStartJobRun(
        lib.scope,
        "job",
        glue_job_name="job",
        arguments=sf.TaskInput.from_object({"--day": sf.JsonPath.string_at("$.day")}),
        integration_pattern=sf.IntegrationPattern.RUN_JOB,
        timeout=lib.core.Duration.hours(1),
        notify_delay_after=lib.core.Duration.minutes(5),
    )
    query = tasks.AthenaStartQueryExecution(
        lib.scope,
        "query",
        query_string=sf.JsonPath.format("select {}", sf.JsonPath.string_at("$.what")),
        query_execution_context=tasks.QueryExecutionContext(database_name="d"),
        work_group="w",
        integration_pattern=sf.IntegrationPattern.RUN_JOB,
    )
    results = tasks.AthenaGetQueryResults(
        lib.scope, "results", query_execution_id=sf.JsonPath.string_at("$.id"), max_results=10
    )
    stop = tasks.AthenaStopQueryExecution(lib.scope, "stop", query_execution_id="q")
    crawl = tasks.GlueStartCrawlerRun(lib.scope, "crawl", crawler_name="c")
    return job.next(query).next(results).next(stop).next(crawl)


@program
def batch(lib: Any) -> Any:
    sf, tasks = lib.sf, lib.tasks
    return tasks.BatchSubmitJob(
        lib.scope,
        "job",
        job_definition_arn="arn:aws:batch:us-east-1:123456789012:job-definition/d:1",
        job_name=sf.JsonPath.string_at("$.name"),
        job_queue_arn="arn:aws:batch:us-east-1:123456789012:job-queue/q",
        array_size=2,
        attempts=3,
        container_overrides=tasks.BatchContainerOverrides(command=["run"], environment={"A": "B"}, vcpus=1),
        depends_on=[tasks.BatchJobDependency(job_id="1", type="SEQUENTIAL")],
        payload=sf.TaskInput.from_object({"x": sf.JsonPath.string_at("$.x")}),
        timeout=lib.core.Duration.minutes(5),
    )


@program
def nested_executions(lib: Any) -> Any:
    sf, tasks = lib.sf, lib.tasks
    start = tasks.StepFunctionsStartExecution(
        lib.scope, "start", state_machine=lib.machine("child"), name="n", result_path="$.started"
    )
    wait = tasks.StepFunctionsStartExecution(
        lib.scope,
        "wait",
        state_machine=lib.machine("child"),
        integration_pattern=sf.IntegrationPattern.RUN_JOB,
        input=sf.TaskInput.from_object({"a": sf.JsonPath.string_at("$.a")}),
        associate_with_parent=True,
    )
    return start.next(wait)


@program
def any_service(lib: Any) -> Any:
    sf, tasks = lib.sf, lib.tasks
    read = tasks.CallAwsService(
        lib.scope,
        "read",
        service="s3",
        action="getObject",
        parameters={"Bucket": "b", "Key": sf.JsonPath.string_at("$.key")},
        iam_resources=["*"],
        result_path="$.object",
    )
    return read.next(
        tasks.CallAwsService(lib.scope, "list", service="sfn", action="listStateMachines", iam_resources=["*"])
    )


@program
def builds_and_jobs(lib: Any) -> Any:
    sf, tasks = lib.sf, lib.tasks
    build = tasks.CodeBuildStartBuild(
        lib.scope, "build", project=lib.project("p"), integration_pattern=sf.IntegrationPattern.RUN_JOB
    )
    brew = tasks.GlueDataBrewStartJobRun(lib.scope, "brew", name="j")
    media = tasks.MediaConvertCreateJob(lib.scope, "media", create_job_request={"Role": "r", "Settings": {"a": 1}})
    endpoint = tasks.SageMakerUpdateEndpoint(
        lib.scope, "endpoint", endpoint_name=sf.JsonPath.string_at("$.e"), endpoint_config_name="c"
    )
    return build.next(brew).next(media).next(endpoint)


@program
def a_fragment(lib: Any) -> Any:
    sf = lib.sf

    class Part(sf.StateMachineFragment):
        def __init__(self, parent: Any, id: str) -> None:  # noqa: A002
            super().__init__(parent, id)
            first, second = sf.Pass(self, "first"), sf.Pass(self, "second")
            self._first, self._ends = first, first.next(second).end_states

        @property
        def start_state(self) -> Any:
            return self._first

        @property
        def end_states(self) -> Any:
            return self._ends

    one = lib.implements(Part)(lib.scope, "one").prefix_states()
    two = lib.implements(Part)(lib.scope, "two").to_single_state()
    return one.next(two)


@program
def custom_states(lib: Any) -> Any:
    custom = lib.sf.CustomState(
        lib.scope,
        "custom",
        state_json={"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "Parameters": {"Message": "m"}},
    )
    custom.add_retry(max_attempts=2)
    custom.add_catch(lib.sf.Fail(lib.scope, "failed"))
    return custom.next(lib.sf.Pass(lib.scope, "after"))


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
