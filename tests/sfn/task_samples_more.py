"""A sample of each typed task, EMR to Z."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from penstock import sfn as sf
from penstock.sfn import tasks

_BUCKET = sf.Bucket("results")
_ROLE = "arn:aws:iam::123456789012:role/r"

MORE: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
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
