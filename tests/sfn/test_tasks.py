"""Typed tasks: each integration has one, and what each gives the service is what its API takes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.sfn.support import codes, problems, state

from penstock import sfn as sf
from penstock.asl.check.resources import _INTEGRATIONS
from penstock.sfn import services, tasks
from penstock.sfn.states.task import ServiceTask

CLASSES = {
    name: value
    for name in dir(tasks)
    if isinstance(value := getattr(tasks, name), type) and issubclass(value, ServiceTask) and name != "CallAwsService"
}


@pytest.mark.parametrize(
    "integration",
    [
        f"{service}:{action}"
        for service, known in _INTEGRATIONS.items()
        for action in sorted(known.actions)
        if service != "aws-sdk"
    ],
)
def test_every_optimised_integration_has_a_task_with_its_patterns(integration: str) -> None:
    made = [each for each in CLASSES.values() if integration == each.SERVICE]
    assert made, f"no task calls {integration}"
    patterns = _INTEGRATIONS[integration.partition(":")[0]].patterns
    for each in made:
        assert each.JOB is None or each.JOB.lstrip(".") in patterns
        assert not each.TOKEN or "waitForTaskToken" in patterns


_MODELS = {
    "elasticmapreduce:addStep": {"ClusterId", "Step", "ExecutionRoleArn"},
    "elasticmapreduce:cancelStep": {"ClusterId", "StepId"},
    "elasticmapreduce:terminateCluster": {"ClusterId"},
    "elasticmapreduce:setClusterTerminationProtection": {"ClusterId", "TerminationProtected"},
    "elasticmapreduce:modifyInstanceFleetByName": {"ClusterId", "InstanceFleetName", "InstanceFleet"},
    "elasticmapreduce:modifyInstanceGroupByName": {"ClusterId", "InstanceGroupName", "InstanceGroup"},
}
"""Integrations whose parameters are Step Functions' own (Developer Guide, EMR)."""

_OPERATIONS = {
    "elasticmapreduce:createCluster": ("emr", "runJobFlow"),
    "bedrock:invokeModel": ("bedrockruntime", "invokeModel"),
    "states:startExecution": ("sfn", "startExecution"),
}

_BUCKET = sf.Bucket("results")
_ROLE = "arn:aws:iam::123456789012:role/r"
_TABLE = {"table": "orders", "key": {"id": tasks.DynamoAttributeValue.from_string("1")}}
_EKS = {"cluster": "c", "certificate_authority": "ca", "endpoint": "https://e"}

SAMPLES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "AthenaStartQueryExecution": (
        {
            "query_string": "select 1",
            "query_execution_context": tasks.QueryExecutionContext(database_name="d", catalog_name="c"),
            "result_configuration": tasks.ResultConfiguration(
                output_location=tasks.Location(bucket_name="b", object_key="k"),
                encryption_configuration=tasks.EncryptionConfiguration(encryption_option=tasks.EncryptionOption.KMS),
            ),
            "result_reuse_configuration_max_age": sf.Duration.minutes(90),
            "execution_parameters": ["1"],
        },
        {
            "QueryString": "select 1",
            "QueryExecutionContext": {"Catalog": "c", "Database": "d"},
            "ResultConfiguration": {
                "EncryptionConfiguration": {"EncryptionOption": "SSE_KMS"},
                "OutputLocation": "s3://b/k/",
            },
            "ExecutionParameters": ["1"],
            "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": 90}},
        },
    ),
    "AthenaStopQueryExecution": ({"query_execution_id": "q"}, {"QueryExecutionId": "q"}),
    "AthenaGetQueryExecution": (
        {"query_execution_id": sf.JsonPath.string_at("$.q")},
        {"QueryExecutionId.$": "$.q"},
    ),
    "AthenaGetQueryResults": (
        {"query_execution_id": "q", "max_results": sf.JsonPath.number_at("$.n"), "next_token": "t"},
        {"QueryExecutionId": "q", "NextToken": "t", "MaxResults.$": "$.n"},
    ),
    "BatchSubmitJob": (
        {
            "job_definition_arn": "arn:d",
            "job_name": "n",
            "job_queue_arn": "arn:q",
            "array_size": 3,
            "attempts": 2,
            "payload": sf.TaskInput.from_object({"a": sf.JsonPath.string_at("$.a")}),
            "container_overrides": tasks.BatchContainerOverrides(
                command=["x"], environment={"K": "V"}, memory=512, vcpus=1, gpu_count=1
            ),
            "depends_on": [tasks.BatchJobDependency(job_id="j", type="SEQUENTIAL")],
            "timeout": timedelta(minutes=2),
            "tags": {"t": "v"},
        },
        {
            "JobDefinition": "arn:d",
            "JobName": "n",
            "JobQueue": "arn:q",
            "Parameters": {"a.$": "$.a"},
            "ArrayProperties": {"Size": 3},
            "ContainerOverrides": {
                "Command": ["x"],
                "Environment": [{"Name": "K", "Value": "V"}],
                "ResourceRequirements": [
                    {"Type": "GPU", "Value": "1"},
                    {"Type": "MEMORY", "Value": "512"},
                    {"Type": "VCPU", "Value": "1"},
                ],
            },
            "DependsOn": [{"JobId": "j", "Type": "SEQUENTIAL"}],
            "RetryStrategy": {"Attempts": 2},
            "Tags": {"t": "v"},
            "Timeout": {"AttemptDurationSeconds": 120},
        },
    ),
    "BedrockInvokeModel": (
        {
            "model": "anthropic.x",
            "body": sf.TaskInput.from_object({"prompt": "hi"}),
            "guardrail": tasks.Guardrail.enable("g", 1),
            "trace_enabled": True,
        },
        {
            "ModelId": "anthropic.x",
            "Body": {"prompt": "hi"},
            "GuardrailIdentifier": "g",
            "GuardrailVersion": "1",
            "Trace": "ENABLED",
        },
    ),
    "BedrockCreateModelCustomizationJob": (
        {
            "base_model": "m",
            "custom_model_name": "c",
            "job_name": "j",
            "role": _ROLE,
            "training_data": tasks.TrainingBucketConfiguration(bucket=_BUCKET, path="t.jsonl"),
            "output_data": tasks.OutputBucketConfiguration(bucket="out"),
            "validation_data": [tasks.ValidationBucketConfiguration(bucket="v", path="v.jsonl")],
            "job_tags": {"a": "b"},
            "subnet_ids": ["subnet-1"],
        },
        {
            "BaseModelIdentifier": "m",
            "CustomModelName": "c",
            "JobName": "j",
            "JobTags": [{"Key": "a", "Value": "b"}],
            "OutputDataConfig": {"S3Uri": "s3://out/"},
            "RoleArn": _ROLE,
            "TrainingDataConfig": {"S3Uri": "s3://results/t.jsonl"},
            "ValidationDataConfig": {"Validators": [{"S3Uri": "s3://v/v.jsonl"}]},
            "VpcConfig": {"SubnetIds": ["subnet-1"]},
        },
    ),
    "CodeBuildStartBuild": (
        {
            "project": "p",
            "environment_variables_override": {"A": tasks.BuildEnvironmentVariable(value=sf.JsonPath.string_at("$.a"))},
        },
        {
            "ProjectName": "p",
            "EnvironmentVariablesOverride": [{"Name": "A", "Type": "PLAINTEXT", "Value.$": "$.a"}],
        },
    ),
    "CodeBuildStartBuildBatch": ({"project": "p"}, {"ProjectName": "p"}),
    "CodeBuildStopBuild": ({"build_id": "b"}, {"Id": "b"}),
    "CodeBuildBatchDeleteBuilds": ({"build_ids": ["b"]}, {"Ids": ["b"]}),
    "CodeBuildBatchGetReports": ({"report_arns": sf.JsonPath.list_at("$.r")}, {"ReportArns.$": "$.r"}),
    "DynamoGetItem": (
        {**_TABLE, "projection_expression": [tasks.DynamoProjectionExpression().with_attribute("a").at_index(0)]},
        {"Key": {"id": {"S": "1"}}, "TableName": "orders", "ConsistentRead": False, "ProjectionExpression": "a[0]"},
    ),
    "DynamoPutItem": (
        {
            "table": sf.Table("orders"),
            "item": {
                "id": tasks.DynamoAttributeValue.from_string(sf.JsonPath.string_at("$.id")),
                "n": tasks.DynamoAttributeValue.from_number(3),
                "m": tasks.DynamoAttributeValue.from_map({"x": tasks.DynamoAttributeValue.from_boolean(True)}),
                "l": tasks.DynamoAttributeValue.from_list([tasks.DynamoAttributeValue.from_null()]),
                "s": tasks.DynamoAttributeValue.from_string_set(sf.JsonPath.list_at("$.s")),
            },
            "return_values": tasks.DynamoReturnValues.ALL_OLD,
        },
        {
            "Item": {
                "id": {"S.$": "$.id"},
                "n": {"N": "3"},
                "m": {"M": {"x": {"BOOL": True}}},
                "l": {"L": [{"NULL": True}]},
                "s": {"SS.$": "$.s"},
            },
            "ReturnValues": "ALL_OLD",
            "TableName": "orders",
        },
    ),
    "DynamoUpdateItem": (
        {
            **_TABLE,
            "update_expression": "SET a = :a",
            "expression_attribute_values": {":a": tasks.DynamoAttributeValue.number_from_string("1")},
        },
        {
            "Key": {"id": {"S": "1"}},
            "UpdateExpression": "SET a = :a",
            "ExpressionAttributeValues": {":a": {"N": "1"}},
            "TableName": "orders",
        },
    ),
    "DynamoDeleteItem": (_TABLE, {"Key": {"id": {"S": "1"}}, "TableName": "orders"}),
    "EcsRunTask": (
        {
            "cluster": "arn:c",
            "task_definition": "family",
            "revision_number": 2,
            "launch_target": tasks.EcsFargateLaunchTarget(),
            "assign_public_ip": False,
            "subnets": ["subnet-1"],
            "security_groups": sf.JsonPath.list_at("$.groups"),
            "cpu": "256",
            "container_overrides": [
                tasks.ContainerOverride(
                    container_definition="web",
                    command=["run", sf.JsonPath.string_at("$.id")],
                    environment=[tasks.TaskEnvironmentVariable(name="A", value=sf.JsonPath.string_at("$.a"))],
                    memory_limit=512,
                )
            ],
        },
        {
            "Cluster": "arn:c",
            "TaskDefinition": "family:2",
            "NetworkConfiguration": {
                "AwsvpcConfiguration": {
                    "AssignPublicIp": "DISABLED",
                    "Subnets": ["subnet-1"],
                    "SecurityGroups.$": "$.groups",
                }
            },
            "Overrides": {
                "Cpu": "256",
                "ContainerOverrides": [
                    {
                        "Command.$": "States.Array('run', $.id)",
                        "Environment": [{"Name": "A", "Value.$": "$.a"}],
                        "Memory": 512,
                        "Name": "web",
                    }
                ],
            },
            "LaunchType": "FARGATE",
            "PlatformVersion": "LATEST",
        },
    ),
    "EksCall": (
        {
            **_EKS,
            "http_method": tasks.HttpMethods.GET,
            "http_path": "/api",
            "query_parameters": {"labelSelector": ["a"]},
        },
        {
            "ClusterName": "c",
            "CertificateAuthority": "ca",
            "Endpoint": "https://e",
            "Method": "GET",
            "Path": "/api",
            "QueryParameters": {"labelSelector": ["a"]},
        },
    ),
    "EksRunJob": (
        {**_EKS, "job": {"apiVersion": "batch/v1"}, "namespace": "n"},
        {
            "ClusterName": "c",
            "CertificateAuthority": "ca",
            "Endpoint": "https://e",
            "Namespace": "n",
            "Job": {"apiVersion": "batch/v1"},
        },
    ),
    "EksCreateCluster": (
        {"name": "c", "role": _ROLE, "resources_vpc_config": {"SubnetIds": ["s"]}},
        {"Name": "c", "RoleArn": _ROLE, "ResourcesVpcConfig": {"SubnetIds": ["s"]}},
    ),
    "EksDeleteCluster": ({"name": "c"}, {"Name": "c"}),
    "EksCreateNodegroup": (
        {"cluster": "c", "nodegroup_name": "n", "node_role": _ROLE, "subnets": ["s"]},
        {"ClusterName": "c", "NodegroupName": "n", "NodeRole": _ROLE, "Subnets": ["s"]},
    ),
    "EksDeleteNodegroup": ({"cluster": "c", "nodegroup_name": "n"}, {"ClusterName": "c", "NodegroupName": "n"}),
    "EksCreateFargateProfile": (
        {"cluster": "c", "fargate_profile_name": "f", "pod_execution_role": _ROLE},
        {"ClusterName": "c", "FargateProfileName": "f", "PodExecutionRoleArn": _ROLE},
    ),
    "EksDeleteFargateProfile": (
        {"cluster": "c", "fargate_profile_name": "f"},
        {"ClusterName": "c", "FargateProfileName": "f"},
    ),
    "EmrCreateCluster": (
        {
            "name": "c",
            "cluster_role": "EMR_EC2_DefaultRole",
            "service_role": "EMR_DefaultRole",
            "release_label": "emr-7.0.0",
            "applications": [tasks.EmrCreateCluster.ApplicationConfigProperty(name="Spark")],
            "tags": {"a": "b"},
            "auto_termination_policy_idle_timeout": sf.Duration.hours(1),
            "instances": tasks.EmrCreateCluster.InstancesConfigProperty(
                instance_fleets=[
                    tasks.EmrCreateCluster.InstanceFleetConfigProperty(
                        instance_fleet_type=tasks.EmrCreateCluster.InstanceRoleType.MASTER,
                        target_spot_capacity=1,
                        launch_specifications=tasks.EmrCreateCluster.InstanceFleetProvisioningSpecificationsProperty(
                            spot_specification=tasks.EmrCreateCluster.SpotProvisioningSpecificationProperty(
                                timeout_action=tasks.EmrCreateCluster.SpotTimeoutAction.TERMINATE_CLUSTER,
                                timeout=sf.Duration.minutes(5),
                            )
                        ),
                        instance_type_configs=[
                            tasks.EmrCreateCluster.InstanceTypeConfigProperty(
                                instance_type="m5.xlarge",
                                ebs_configuration=tasks.EmrCreateCluster.EbsConfigurationProperty(
                                    ebs_block_device_configs=[
                                        tasks.EmrCreateCluster.EbsBlockDeviceConfigProperty(
                                            volume_specification=tasks.EmrCreateCluster.VolumeSpecificationProperty(
                                                volume_size=10,
                                                volume_type=tasks.EmrCreateCluster.EbsBlockDeviceVolumeType.GP3,
                                            )
                                        )
                                    ]
                                ),
                            )
                        ],
                    )
                ]
            ),
        },
        {
            "Instances": {
                "InstanceFleets": [
                    {
                        "InstanceFleetType": "MASTER",
                        "TargetSpotCapacity": 1,
                        "LaunchSpecifications": {
                            "SpotSpecification": {"TimeoutAction": "TERMINATE_CLUSTER", "TimeoutDurationMinutes": 5}
                        },
                        "InstanceTypeConfigs": [
                            {
                                "InstanceType": "m5.xlarge",
                                "EbsConfiguration": {
                                    "EbsBlockDeviceConfigs": [
                                        {"VolumeSpecification": {"SizeInGB": 10, "VolumeType": "gp3"}}
                                    ]
                                },
                            }
                        ],
                    }
                ],
                "KeepJobFlowAliveWhenNoSteps": True,
            },
            "JobFlowRole": "EMR_EC2_DefaultRole",
            "Name": "c",
            "ServiceRole": "EMR_DefaultRole",
            "Applications": [{"Name": "Spark"}],
            "AutoTerminationPolicy": {"IdleTimeout": 3600},
            "ReleaseLabel": "emr-7.0.0",
            "Tags": [{"Key": "a", "Value": "b"}],
            "VisibleToAllUsers": True,
        },
    ),
    "EmrAddStep": (
        {
            "cluster_id": sf.JsonPath.string_at("$.cluster.ClusterId"),
            "name": "s",
            "jar": "command-runner.jar",
            "args": sf.JsonPath.list_at("$.hoge.Payload"),
            "properties": {"a": "b"},
        },
        {
            "ClusterId.$": "$.cluster.ClusterId",
            "Step": {
                "Name": "s",
                "ActionOnFailure": "CONTINUE",
                "HadoopJarStep": {
                    "Jar": "command-runner.jar",
                    "Args.$": "$.hoge.Payload",
                    "Properties": [{"Key": "a", "Value": "b"}],
                },
            },
        },
    ),
    "EmrCancelStep": ({"cluster_id": "c", "step_id": "s"}, {"ClusterId": "c", "StepId": "s"}),
    "EmrSetClusterTerminationProtection": (
        {"cluster_id": "c", "termination_protected": False},
        {"ClusterId": "c", "TerminationProtected": False},
    ),
    "EmrTerminateCluster": ({"cluster_id": "c"}, {"ClusterId": "c"}),
    "EmrModifyInstanceFleetByName": (
        {
            "cluster_id": "c",
            "instance_fleet_name": "f",
            "target_on_demand_capacity": sf.JsonPath.number_at("$.n"),
            "target_spot_capacity": 0,
        },
        {
            "ClusterId": "c",
            "InstanceFleetName": "f",
            "InstanceFleet": {"TargetOnDemandCapacity.$": "$.n", "TargetSpotCapacity": 0},
        },
    ),
    "EmrModifyInstanceGroupByName": (
        {
            "cluster_id": "c",
            "instance_group_name": "g",
            "instance_group": tasks.EmrModifyInstanceGroupByName.InstanceGroupModifyConfigProperty(instance_count=1),
        },
        {"ClusterId": "c", "InstanceGroupName": "g", "InstanceGroup": {"InstanceCount": 1}},
    ),
    "EmrContainersCreateVirtualCluster": (
        {"eks_cluster": "c"},
        {
            "ContainerProvider": {"Id": "c", "Info": {"EksInfo": {"Namespace": "default"}}, "Type": "EKS"},
            "Name.$": "States.Format('{}/{}', $$.Execution.Name, $$.State.Name)",
        },
    ),
    "EmrContainersDeleteVirtualCluster": (
        {"virtual_cluster_id": sf.TaskInput.from_json_path_at("$.id")},
        {"Id.$": "$.id"},
    ),
    "EmrContainersStartJobRun": (
        {
            "virtual_cluster": "v",
            "release_label": "emr-6.2.0-latest",
            "execution_role": _ROLE,
            "job_driver": tasks.JobDriver(
                spark_submit_job_driver=tasks.SparkSubmitJobDriver(
                    entry_point=sf.TaskInput.from_text("local:///e.py"),
                    entry_point_arguments=sf.TaskInput.from_json_path_at("$.args"),
                )
            ),
            "application_config": [
                tasks.ApplicationConfiguration(classification="spark-defaults", properties={"a": "b"})
            ],
            "monitoring": tasks.Monitoring(log_bucket="logs", log_group="g"),
        },
        {
            "VirtualClusterId": "v",
            "ExecutionRoleArn": _ROLE,
            "ReleaseLabel": "emr-6.2.0-latest",
            "JobDriver": {"SparkSubmitJobDriver": {"EntryPoint": "local:///e.py", "EntryPointArguments.$": "$.args"}},
            "ConfigurationOverrides": {
                "ApplicationConfiguration": [{"Classification": "spark-defaults", "Properties": {"a": "b"}}],
                "MonitoringConfiguration": {
                    "CloudWatchMonitoringConfiguration": {"LogGroupName": "g"},
                    "PersistentAppUI": "ENABLED",
                    "S3MonitoringConfiguration": {"LogUri": "s3://logs/"},
                },
            },
        },
    ),
    "EmrServerlessCreateApplication": (
        {"release_label": "emr-7", "type": "SPARK"},
        {"ReleaseLabel": "emr-7", "Type": "SPARK"},
    ),
    "EmrServerlessStartApplication": ({"application_id": "a"}, {"ApplicationId": "a"}),
    "EmrServerlessStopApplication": ({"application_id": "a"}, {"ApplicationId": "a"}),
    "EmrServerlessDeleteApplication": ({"application_id": "a"}, {"ApplicationId": "a"}),
    "EmrServerlessStartJobRun": (
        {"application_id": "a", "execution_role": _ROLE, "job_driver": {"SparkSubmit": {"EntryPoint": "e"}}},
        {"ApplicationId": "a", "ExecutionRoleArn": _ROLE, "JobDriver": {"SparkSubmit": {"EntryPoint": "e"}}},
    ),
    "EmrServerlessCancelJobRun": (
        {"application_id": "a", "job_run_id": "j"},
        {"ApplicationId": "a", "JobRunId": "j"},
    ),
    "EventBridgePutEvents": (
        {
            "entries": [
                tasks.EventBridgePutEventsEntry(
                    detail=sf.TaskInput.from_object({"id": sf.JsonPath.string_at("$.id")}),
                    detail_type="order",
                    source="shop",
                    event_bus="bus",
                )
            ]
        },
        {"Entries": [{"Detail": {"id.$": "$.id"}, "DetailType": "order", "EventBusName": "bus", "Source": "shop"}]},
    ),
    "EventBridgeSchedulerCreateScheduleTask": (
        {
            "schedule_name": "s",
            "schedule": tasks.Schedule.rate(sf.Duration.hours(2)),
            "target": tasks.EventBridgeSchedulerTarget(
                arn="arn:t",
                role=_ROLE,
                retry_policy=tasks.RetryPolicy(maximum_retry_attempts=2, maximum_event_age=sf.Duration.hours(1)),
            ),
            "start_date": datetime(2027, 1, 1, tzinfo=UTC),
            "flexible_time_window": sf.Duration.minutes(15),
        },
        {
            "ActionAfterCompletion": "NONE",
            "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15},
            "Name": "s",
            "ScheduleExpression": "rate(2 hours)",
            "StartDate": "2027-01-01T00:00:00.000Z",
            "State": "ENABLED",
            "Target": {
                "Arn": "arn:t",
                "RoleArn": _ROLE,
                "RetryPolicy": {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 2},
            },
        },
    ),
    "GlueStartJobRun": (
        {
            "glue_job_name": "j",
            "arguments": sf.TaskInput.from_object({"--a": sf.JsonPath.string_at("$.a")}),
            "timeout": sf.Duration.hours(1),
            "notify_delay_after": sf.Duration.minutes(5),
            "execution_class": tasks.ExecutionClass.FLEX,
            "worker_configuration": tasks.WorkerConfigurationProperty(
                worker_type=tasks.WorkerType.G_1X, number_of_workers=2
            ),
        },
        {
            "JobName": "j",
            "Arguments": {"--a.$": "$.a"},
            "Timeout": 60,
            "NotificationProperty": {"NotifyDelayAfter": 5},
            "WorkerType": "G.1X",
            "NumberOfWorkers": 2,
            "ExecutionClass": "FLEX",
        },
    ),
    "GlueStartCrawlerRun": ({"crawler_name": "c"}, {"Name": "c"}),
    "GlueDataBrewStartJobRun": ({"name": "j"}, {"Name": "j"}),
    "HttpInvoke": (
        {
            "api_root": "https://api.example.com",
            "api_endpoint": sf.TaskInput.from_text("orders"),
            "connection": "arn:aws:events:us-east-1:123456789012:connection/c/1",
            "method": sf.TaskInput.from_text("POST"),
            "body": sf.TaskInput.from_object({"a": [1]}),
            "url_encoding_format": tasks.URLEncodingFormat.BRACKETS,
        },
        {
            "Authentication": {"ConnectionArn": "arn:aws:events:us-east-1:123456789012:connection/c/1"},
            "Method": "POST",
            "RequestBody": {"a": [1]},
            "Headers": {"Content-Type": "application/x-www-form-urlencoded"},
            "Transform": {
                "RequestBodyEncoding": "URL_ENCODED",
                "RequestEncodingOptions": {"ArrayFormat": "BRACKETS"},
            },
            "ApiEndpoint": "https://api.example.com/orders",
        },
    ),
    "CallApiGatewayEndpoint": (
        {"api_endpoint": "x.execute-api.us-east-1.amazonaws.com", "method": tasks.HttpMethod.GET, "api_path": "/a"},
        {"ApiEndpoint": "x.execute-api.us-east-1.amazonaws.com", "Method": "GET", "Path": "/a", "AuthType": "NO_AUTH"},
    ),
    "LambdaInvoke": (
        {
            "lambda_function": sf.Function.from_function_arn("arn:aws:lambda:us-east-1:123456789012:function:f"),
            "payload": sf.TaskInput.from_object({"a": sf.JsonPath.string_at("$.a")}),
            "invocation_type": tasks.LambdaInvocationType.EVENT,
            "retry_on_service_exceptions": False,
        },
        {
            "FunctionName": "arn:aws:lambda:us-east-1:123456789012:function:f",
            "Payload": {"a.$": "$.a"},
            "InvocationType": "Event",
        },
    ),
    "MediaConvertCreateJob": (
        {"create_job_request": {"Role": _ROLE, "Settings": {}}},
        {"Role": _ROLE, "Settings": {}},
    ),
    "SageMakerCreateTrainingJob": (
        {
            "training_job_name": sf.JsonPath.string_at("$.name"),
            "role": _ROLE,
            "algorithm_specification": tasks.AlgorithmSpecification(
                training_image=tasks.DockerImage.from_registry("image"),
                metric_definitions=[tasks.MetricDefinition(name="m", regex="r")],
            ),
            "input_data_config": [
                tasks.Channel(
                    channel_name="train",
                    data_source=tasks.DataSource(
                        s3_data_source=tasks.S3DataSource(
                            s3_location=tasks.S3Location.from_json_expression("$.where"),
                            s3_data_type=tasks.S3DataType.MANIFEST_FILE,
                        )
                    ),
                )
            ],
            "output_data_config": tasks.OutputDataConfig(s3_output_location=tasks.S3Location.from_bucket("b", "p")),
            "resource_config": tasks.ResourceConfig(instance_count=1, instance_type="m5.xlarge", volume_size=50),
            "stopping_condition": tasks.StoppingCondition(max_runtime=sf.Duration.hours(1)),
            "hyperparameters": {"eta": "0.1"},
            "tags": {"a": "b"},
        },
        {
            "TrainingJobName.$": "$.name",
            "RoleArn": _ROLE,
            "AlgorithmSpecification": {
                "MetricDefinitions": [{"Name": "m", "Regex": "r"}],
                "TrainingImage": "image",
                "TrainingInputMode": "File",
            },
            "InputDataConfig": [
                {
                    "ChannelName": "train",
                    "DataSource": {"S3DataSource": {"S3Uri.$": "$.where", "S3DataType": "ManifestFile"}},
                }
            ],
            "OutputDataConfig": {"S3OutputPath": "s3://b/p"},
            "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 50},
            "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
            "HyperParameters": {"eta": "0.1"},
            "Tags": [{"Key": "a", "Value": "b"}],
        },
    ),
    "SageMakerCreateTransformJob": (
        {
            "transform_job_name": "j",
            "model_name": "m",
            "transform_input": tasks.TransformInput(
                transform_data_source=tasks.TransformDataSource(
                    s3_data_source=tasks.TransformS3DataSource(s3_uri="s3://in")
                ),
                split_type=tasks.SplitType.LINE,
            ),
            "transform_output": tasks.TransformOutput(s3_output_path="s3://out"),
            "max_payload": 6,
            "model_client_options": tasks.ModelClientOptions(
                invocations_max_retries=1, invocations_timeout=sf.Duration.minutes(1)
            ),
        },
        {
            "MaxPayloadInMB": 6,
            "ModelClientConfig": {"InvocationsMaxRetries": 1, "InvocationsTimeoutInSeconds": 60},
            "ModelName": "m",
            "TransformInput": {
                "DataSource": {"S3DataSource": {"S3Uri": "s3://in", "S3DataType": "S3Prefix"}},
                "SplitType": "Line",
            },
            "TransformJobName": "j",
            "TransformOutput": {"S3OutputPath": "s3://out"},
            "TransformResources": {"InstanceCount": 1, "InstanceType": "ml.m4.xlarge"},
        },
    ),
    "SageMakerCreateModel": (
        {
            "model_name": "m",
            "role": _ROLE,
            "primary_container": tasks.ContainerDefinition(
                image="i", model_s3_location="s3://m", mode=tasks.Mode.SINGLE_MODEL
            ),
        },
        {
            "ExecutionRoleArn": _ROLE,
            "ModelName": "m",
            "PrimaryContainer": {"Image": "i", "Mode": "SingleModel", "ModelDataUrl": "s3://m"},
        },
    ),
    "SageMakerCreateEndpointConfig": (
        {
            "endpoint_config_name": "c",
            "production_variants": [
                tasks.ProductionVariant(model_name="m", variant_name="v", instance_type="ml.m5.large")
            ],
        },
        {
            "EndpointConfigName": "c",
            "ProductionVariants": [
                {"InitialInstanceCount": 1, "InstanceType": "ml.m5.large", "ModelName": "m", "VariantName": "v"}
            ],
        },
    ),
    "SageMakerCreateEndpoint": (
        {"endpoint_name": "e", "endpoint_config_name": "c"},
        {"EndpointConfigName": "c", "EndpointName": "e"},
    ),
    "SageMakerUpdateEndpoint": (
        {"endpoint_name": "e", "endpoint_config_name": "c"},
        {"EndpointConfigName": "c", "EndpointName": "e"},
    ),
    "SageMakerCreateProcessingJob": ({"request": {"ProcessingJobName": "p"}}, {"ProcessingJobName": "p"}),
    "SageMakerCreateHyperParameterTuningJob": (
        {"request": {"HyperParameterTuningJobName": "t"}},
        {"HyperParameterTuningJobName": "t"},
    ),
    "SageMakerCreateLabelingJob": ({"request": {"LabelingJobName": "l"}}, {"LabelingJobName": "l"}),
    "SnsPublish": (
        {
            "topic": "arn:aws:sns:us-east-1:123456789012:t",
            "message": sf.TaskInput.from_json_path_at("$.message"),
            "subject": "s",
            "message_attributes": {
                "n": tasks.MessageAttribute(value=3),
                "l": tasks.MessageAttribute(value=["a"]),
                "s": tasks.MessageAttribute(value=sf.JsonPath.string_at("$.s")),
            },
        },
        {
            "TopicArn": "arn:aws:sns:us-east-1:123456789012:t",
            "Message.$": "$.message",
            "MessageAttributes": {
                "n": {"DataType": "Number", "StringValue": "3"},
                "l": {"DataType": "String.Array", "StringValue": '["a"]'},
                "s": {"DataType": "String", "StringValue.$": "$.s"},
            },
            "Subject": "s",
        },
    ),
    "SqsSendMessage": (
        {
            "queue": sf.Queue("https://sqs.us-east-1.amazonaws.com/1/q"),
            "message_body": sf.TaskInput.from_object({"id": sf.JsonPath.string_at("$.id")}),
            "delay": timedelta(seconds=5),
            "message_group_id": "g",
        },
        {
            "QueueUrl": "https://sqs.us-east-1.amazonaws.com/1/q",
            "MessageBody": {"id.$": "$.id"},
            "DelaySeconds": 5,
            "MessageGroupId": "g",
        },
    ),
    "StepFunctionsStartExecution": (
        {
            "state_machine": "arn:aws:states:us-east-1:123456789012:stateMachine:child",
            "input": sf.TaskInput.from_object({"a": sf.JsonPath.string_at("$.a")}),
            "name": "n",
            "associate_with_parent": True,
        },
        {
            "StateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:child",
            "Name": "n",
            "Input": {"a.$": "$.a", "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID.$": "$$.Execution.Id"},
        },
    ),
}


def test_every_task_has_a_sample() -> None:
    aliases = {"CallApiGatewayRestApiEndpoint", "CallApiGatewayHttpApiEndpoint"}
    assert set(CLASSES) - aliases == set(SAMPLES)


@pytest.mark.parametrize("name", SAMPLES)
def test_what_a_task_gives_its_service(name: str) -> None:
    given, expected = SAMPLES[name]
    task = CLASSES[name]("x", **given)
    assert state(task)["Parameters"] == expected
    assert [each for each in problems(task) if each.is_error] == []


_OF_NO_SDK = ("http:", "apigateway:", "eks:call", "eks:runJob")


@pytest.mark.parametrize("name", [each for each in SAMPLES if not CLASSES[each].SERVICE.startswith(_OF_NO_SDK)])
def test_the_parameters_are_those_of_the_service(name: str) -> None:
    task = CLASSES[name]
    own = _MODELS.get(task.SERVICE)
    sent = {key.removesuffix(".$") for key in SAMPLES[name][1]}
    if own is None:
        *_, service, action = task.SERVICE.split(":")
        if task.SERVICE in _OPERATIONS:
            service, action = _OPERATIONS[task.SERVICE]
        model = services.service_model(service) or services.service_model(service.replace("-", ""))
        assert model is not None, service
        called = services.operation(model, action)
        assert called is not None, action
        shape = called.input_shape
        assert shape is not None
        own = {key[:1].upper() + key[1:] for key in shape.members} | (
            {"Input", "Output"} if "bedrock" in service else set()
        )
    assert sent <= own


@pytest.mark.parametrize(
    ("task", "resource"),
    [
        (lambda p: tasks.EmrTerminateCluster("t", cluster_id="c"), "elasticmapreduce:terminateCluster.sync"),
        (
            lambda p: tasks.EmrTerminateCluster("t", cluster_id="c", integration_pattern=p.REQUEST_RESPONSE),
            "elasticmapreduce:terminateCluster",
        ),
        (
            lambda p: tasks.StepFunctionsStartExecution("t", state_machine="arn:x", integration_pattern=p.RUN_JOB),
            "states:startExecution.sync:2",
        ),
        (
            lambda p: tasks.SqsSendMessage(
                "t",
                queue="https://q",
                message_body=sf.TaskInput.from_object({"t": sf.JsonPath.task_token}),
                integration_pattern=p.WAIT_FOR_TASK_TOKEN,
            ),
            "sqs:sendMessage.waitForTaskToken",
        ),
    ],
)
def test_the_pattern_is_in_the_resource(task: Any, resource: str) -> None:
    assert state(task(sf.IntegrationPattern))["Resource"] == f"arn:aws:states:::{resource}"


def test_a_pattern_that_is_not_offered_and_a_token_for_nobody() -> None:
    body = sf.TaskInput.from_text("hi")
    job = tasks.SqsSendMessage("send", queue="q", message_body=body, integration_pattern=sf.IntegrationPattern.RUN_JOB)
    assert codes(job) == ["PS727"]
    token = tasks.SqsSendMessage(
        "send", queue="q", message_body=body, integration_pattern=sf.IntegrationPattern.WAIT_FOR_TASK_TOKEN
    )
    assert codes(token) == ["PS728"]


def test_what_a_service_takes_beyond_a_task_s_arguments() -> None:
    task = tasks.SqsSendMessage(
        "send", queue="q", message_body=sf.TaskInput.from_text("hi"), additional_parameters={"MessageAttributes": {}}
    )
    assert state(task)["Parameters"] == {"QueueUrl": "q", "MessageBody": "hi", "MessageAttributes": {}}


def test_any_service_by_name() -> None:
    task = tasks.CallAwsService(
        "read",
        service="S3",
        action="getObject",
        parameters={"Bucket": "b", "Key": sf.JsonPath.string_at("$.key")},
        iam_resources=["*"],
    )
    assert state(task) == {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:s3:getObject",
        "Parameters": {"Bucket": "b", "Key.$": "$.key"},
    }


@pytest.mark.parametrize(
    ("call", "code", "words"),
    [
        ({"service": "s4", "action": "getObject"}, "PS730", "no AWS service 's4'"),
        ({"service": "s3", "action": "getObjct"}, "PS730", "did you mean getObject?"),
        ({"service": "s3", "action": "GetObject"}, "PS730", "did you mean getObject?"),
        (
            {"service": "s3", "action": "getObject", "parameters": {"Bucket": "b", "Keey": "k"}},
            "PS730",
            "did you mean Key?",
        ),
        ({"service": "s3", "action": "getObject", "parameters": {"Bucket": "b"}}, "PS731", "needs the parameter 'Key'"),
        ({"service": "stepfunctions", "action": "listExecutions"}, "PS730", "calls the service 'sfn'"),
    ],
)
def test_what_a_service_does_not_have(call: dict[str, Any], code: str, words: str) -> None:
    found = problems(tasks.CallAwsService("call", iam_resources=["*"], **call))
    assert code in [each.code for each in found]
    assert any(words in f"{each.message} {each.help}" for each in found)


def test_services_as_attributes() -> None:
    from penstock.sfn import aws

    task = aws.s3.get_object("read", Bucket="b", Key=sf.JsonPath.string_at("$.key"), result_path="$.object")
    assert state(task) == {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:s3:getObject",
        "Parameters": {"Bucket": "b", "Key.$": "$.key"},
        "ResultPath": "$.object",
    }
    assert state(aws.cognito_idp.list_users("users", UserPoolId="p"))["Resource"].endswith(
        ":aws-sdk:cognitoidentityprovider:listUsers"
    )
    assert "get_object" in dir(aws.s3)
    assert "dynamodb" in dir(aws)


def test_a_function_of_the_program_answers_for_itself() -> None:
    import penstock

    def double(event: Any, context: Any) -> Any:
        return event["n"] * 2

    task = tasks.LambdaInvoke("double", lambda_function=double, output_path="$.Payload")
    assert state(task)["Parameters"]["FunctionName"] == "double"
    assert penstock.run(sf.StateMachine("m", definition=task), {"n": 4}).output == 8
    bare = tasks.LambdaInvoke("double", lambda_function=double, payload_response_only=True)
    assert penstock.run(sf.StateMachine("m", definition=bare), {"n": 4}).output == 8
