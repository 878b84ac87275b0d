"""A sample of each typed task, A to E: its arguments, and the Parameters that come of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from penstock import sfn as sf
from penstock.sfn import tasks

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
}
