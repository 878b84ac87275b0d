"""Programs: chains, passes, waits, choices, errors, parallels, maps."""

from __future__ import annotations

from typing import Any

from tests.sfn.differential.programs import passes, program

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
