"""Programs: typed tasks, fragments, custom states."""

from __future__ import annotations

from typing import Any

from tests.sfn.differential.programs import program

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
