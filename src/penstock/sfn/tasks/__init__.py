"""Typed tasks: one class an integration, one module a family of services. Each is imported when it is first used."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from penstock.sfn.tasks.analytics import (
        AthenaGetQueryExecution as AthenaGetQueryExecution,
    )
    from penstock.sfn.tasks.analytics import (
        AthenaGetQueryResults as AthenaGetQueryResults,
    )
    from penstock.sfn.tasks.analytics import (
        AthenaStartQueryExecution as AthenaStartQueryExecution,
    )
    from penstock.sfn.tasks.analytics import (
        AthenaStopQueryExecution as AthenaStopQueryExecution,
    )
    from penstock.sfn.tasks.analytics import (
        EncryptionConfiguration as EncryptionConfiguration,
    )
    from penstock.sfn.tasks.analytics import (
        EncryptionOption as EncryptionOption,
    )
    from penstock.sfn.tasks.analytics import (
        ExecutionClass as ExecutionClass,
    )
    from penstock.sfn.tasks.analytics import (
        GlueDataBrewStartJobRun as GlueDataBrewStartJobRun,
    )
    from penstock.sfn.tasks.analytics import (
        GlueStartCrawlerRun as GlueStartCrawlerRun,
    )
    from penstock.sfn.tasks.analytics import (
        GlueStartJobRun as GlueStartJobRun,
    )
    from penstock.sfn.tasks.analytics import (
        Location as Location,
    )
    from penstock.sfn.tasks.analytics import (
        QueryExecutionContext as QueryExecutionContext,
    )
    from penstock.sfn.tasks.analytics import (
        ResultConfiguration as ResultConfiguration,
    )
    from penstock.sfn.tasks.analytics import (
        WorkerConfigurationProperty as WorkerConfigurationProperty,
    )
    from penstock.sfn.tasks.analytics import (
        WorkerType as WorkerType,
    )
    from penstock.sfn.tasks.aws_service import (
        CallAwsService as CallAwsService,
    )
    from penstock.sfn.tasks.bedrock import (
        BedrockCreateModelCustomizationJob as BedrockCreateModelCustomizationJob,
    )
    from penstock.sfn.tasks.bedrock import (
        BedrockInvokeModel as BedrockInvokeModel,
    )
    from penstock.sfn.tasks.bedrock import (
        BedrockInvokeModelInputProps as BedrockInvokeModelInputProps,
    )
    from penstock.sfn.tasks.bedrock import (
        BedrockInvokeModelOutputProps as BedrockInvokeModelOutputProps,
    )
    from penstock.sfn.tasks.bedrock import (
        BucketConfiguration as BucketConfiguration,
    )
    from penstock.sfn.tasks.bedrock import (
        CustomizationType as CustomizationType,
    )
    from penstock.sfn.tasks.bedrock import (
        Guardrail as Guardrail,
    )
    from penstock.sfn.tasks.bedrock import (
        OutputBucketConfiguration as OutputBucketConfiguration,
    )
    from penstock.sfn.tasks.bedrock import (
        TrainingBucketConfiguration as TrainingBucketConfiguration,
    )
    from penstock.sfn.tasks.bedrock import (
        ValidationBucketConfiguration as ValidationBucketConfiguration,
    )
    from penstock.sfn.tasks.builds import (
        ActionAfterCompletion as ActionAfterCompletion,
    )
    from penstock.sfn.tasks.builds import (
        BuildEnvironmentVariable as BuildEnvironmentVariable,
    )
    from penstock.sfn.tasks.builds import (
        BuildEnvironmentVariableType as BuildEnvironmentVariableType,
    )
    from penstock.sfn.tasks.builds import (
        CodeBuildBatchDeleteBuilds as CodeBuildBatchDeleteBuilds,
    )
    from penstock.sfn.tasks.builds import (
        CodeBuildBatchGetReports as CodeBuildBatchGetReports,
    )
    from penstock.sfn.tasks.builds import (
        CodeBuildStartBuild as CodeBuildStartBuild,
    )
    from penstock.sfn.tasks.builds import (
        CodeBuildStartBuildBatch as CodeBuildStartBuildBatch,
    )
    from penstock.sfn.tasks.builds import (
        CodeBuildStopBuild as CodeBuildStopBuild,
    )
    from penstock.sfn.tasks.builds import (
        EventBridgeSchedulerCreateScheduleTask as EventBridgeSchedulerCreateScheduleTask,
    )
    from penstock.sfn.tasks.builds import (
        EventBridgeSchedulerTarget as EventBridgeSchedulerTarget,
    )
    from penstock.sfn.tasks.builds import (
        MediaConvertCreateJob as MediaConvertCreateJob,
    )
    from penstock.sfn.tasks.builds import (
        RetryPolicy as RetryPolicy,
    )
    from penstock.sfn.tasks.builds import (
        Schedule as Schedule,
    )
    from penstock.sfn.tasks.containers import (
        BatchContainerOverrides as BatchContainerOverrides,
    )
    from penstock.sfn.tasks.containers import (
        BatchJobDependency as BatchJobDependency,
    )
    from penstock.sfn.tasks.containers import (
        BatchSubmitJob as BatchSubmitJob,
    )
    from penstock.sfn.tasks.containers import (
        ContainerOverride as ContainerOverride,
    )
    from penstock.sfn.tasks.containers import (
        EcsEc2LaunchTarget as EcsEc2LaunchTarget,
    )
    from penstock.sfn.tasks.containers import (
        EcsFargateLaunchTarget as EcsFargateLaunchTarget,
    )
    from penstock.sfn.tasks.containers import (
        EcsRunTask as EcsRunTask,
    )
    from penstock.sfn.tasks.containers import (
        EksCall as EksCall,
    )
    from penstock.sfn.tasks.containers import (
        EksCreateCluster as EksCreateCluster,
    )
    from penstock.sfn.tasks.containers import (
        EksCreateFargateProfile as EksCreateFargateProfile,
    )
    from penstock.sfn.tasks.containers import (
        EksCreateNodegroup as EksCreateNodegroup,
    )
    from penstock.sfn.tasks.containers import (
        EksDeleteCluster as EksDeleteCluster,
    )
    from penstock.sfn.tasks.containers import (
        EksDeleteFargateProfile as EksDeleteFargateProfile,
    )
    from penstock.sfn.tasks.containers import (
        EksDeleteNodegroup as EksDeleteNodegroup,
    )
    from penstock.sfn.tasks.containers import (
        EksRunJob as EksRunJob,
    )
    from penstock.sfn.tasks.containers import (
        FargatePlatformVersion as FargatePlatformVersion,
    )
    from penstock.sfn.tasks.containers import (
        HttpMethods as HttpMethods,
    )
    from penstock.sfn.tasks.containers import (
        LaunchTarget as LaunchTarget,
    )
    from penstock.sfn.tasks.containers import (
        TaskEnvironmentVariable as TaskEnvironmentVariable,
    )
    from penstock.sfn.tasks.dynamodb import (
        DynamoAttributeValue as DynamoAttributeValue,
    )
    from penstock.sfn.tasks.dynamodb import (
        DynamoConsumedCapacity as DynamoConsumedCapacity,
    )
    from penstock.sfn.tasks.dynamodb import (
        DynamoDeleteItem as DynamoDeleteItem,
    )
    from penstock.sfn.tasks.dynamodb import (
        DynamoGetItem as DynamoGetItem,
    )
    from penstock.sfn.tasks.dynamodb import (
        DynamoItemCollectionMetrics as DynamoItemCollectionMetrics,
    )
    from penstock.sfn.tasks.dynamodb import (
        DynamoProjectionExpression as DynamoProjectionExpression,
    )
    from penstock.sfn.tasks.dynamodb import (
        DynamoPutItem as DynamoPutItem,
    )
    from penstock.sfn.tasks.dynamodb import (
        DynamoReturnValues as DynamoReturnValues,
    )
    from penstock.sfn.tasks.dynamodb import (
        DynamoUpdateItem as DynamoUpdateItem,
    )
    from penstock.sfn.tasks.emr import (
        ActionOnFailure as ActionOnFailure,
    )
    from penstock.sfn.tasks.emr import (
        EmrAddStep as EmrAddStep,
    )
    from penstock.sfn.tasks.emr import (
        EmrCancelStep as EmrCancelStep,
    )
    from penstock.sfn.tasks.emr import (
        EmrCreateCluster as EmrCreateCluster,
    )
    from penstock.sfn.tasks.emr import (
        EmrModifyInstanceFleetByName as EmrModifyInstanceFleetByName,
    )
    from penstock.sfn.tasks.emr import (
        EmrModifyInstanceGroupByName as EmrModifyInstanceGroupByName,
    )
    from penstock.sfn.tasks.emr import (
        EmrSetClusterTerminationProtection as EmrSetClusterTerminationProtection,
    )
    from penstock.sfn.tasks.emr import (
        EmrTerminateCluster as EmrTerminateCluster,
    )
    from penstock.sfn.tasks.emr_other import (
        ApplicationConfiguration as ApplicationConfiguration,
    )
    from penstock.sfn.tasks.emr_other import (
        EmrContainersCreateVirtualCluster as EmrContainersCreateVirtualCluster,
    )
    from penstock.sfn.tasks.emr_other import (
        EmrContainersDeleteVirtualCluster as EmrContainersDeleteVirtualCluster,
    )
    from penstock.sfn.tasks.emr_other import (
        EmrContainersStartJobRun as EmrContainersStartJobRun,
    )
    from penstock.sfn.tasks.emr_other import (
        EmrServerlessCancelJobRun as EmrServerlessCancelJobRun,
    )
    from penstock.sfn.tasks.emr_other import (
        EmrServerlessCreateApplication as EmrServerlessCreateApplication,
    )
    from penstock.sfn.tasks.emr_other import (
        EmrServerlessDeleteApplication as EmrServerlessDeleteApplication,
    )
    from penstock.sfn.tasks.emr_other import (
        EmrServerlessStartApplication as EmrServerlessStartApplication,
    )
    from penstock.sfn.tasks.emr_other import (
        EmrServerlessStartJobRun as EmrServerlessStartJobRun,
    )
    from penstock.sfn.tasks.emr_other import (
        EmrServerlessStopApplication as EmrServerlessStopApplication,
    )
    from penstock.sfn.tasks.emr_other import (
        JobDriver as JobDriver,
    )
    from penstock.sfn.tasks.emr_other import (
        Monitoring as Monitoring,
    )
    from penstock.sfn.tasks.emr_other import (
        SparkSubmitJobDriver as SparkSubmitJobDriver,
    )
    from penstock.sfn.tasks.http import (
        AuthType as AuthType,
    )
    from penstock.sfn.tasks.http import (
        CallApiGatewayEndpoint as CallApiGatewayEndpoint,
    )
    from penstock.sfn.tasks.http import (
        CallApiGatewayHttpApiEndpoint as CallApiGatewayHttpApiEndpoint,
    )
    from penstock.sfn.tasks.http import (
        CallApiGatewayRestApiEndpoint as CallApiGatewayRestApiEndpoint,
    )
    from penstock.sfn.tasks.http import (
        HttpInvoke as HttpInvoke,
    )
    from penstock.sfn.tasks.http import (
        HttpMethod as HttpMethod,
    )
    from penstock.sfn.tasks.http import (
        URLEncodingFormat as URLEncodingFormat,
    )
    from penstock.sfn.tasks.lambda_ import (
        LambdaInvocationType as LambdaInvocationType,
    )
    from penstock.sfn.tasks.lambda_ import (
        LambdaInvoke as LambdaInvoke,
    )
    from penstock.sfn.tasks.messaging import (
        EventBridgePutEvents as EventBridgePutEvents,
    )
    from penstock.sfn.tasks.messaging import (
        EventBridgePutEventsEntry as EventBridgePutEventsEntry,
    )
    from penstock.sfn.tasks.messaging import (
        MessageAttribute as MessageAttribute,
    )
    from penstock.sfn.tasks.messaging import (
        MessageAttributeDataType as MessageAttributeDataType,
    )
    from penstock.sfn.tasks.messaging import (
        SnsPublish as SnsPublish,
    )
    from penstock.sfn.tasks.messaging import (
        SqsSendMessage as SqsSendMessage,
    )
    from penstock.sfn.tasks.sagemaker import (
        AlgorithmSpecification as AlgorithmSpecification,
    )
    from penstock.sfn.tasks.sagemaker import (
        AssembleWith as AssembleWith,
    )
    from penstock.sfn.tasks.sagemaker import (
        BatchStrategy as BatchStrategy,
    )
    from penstock.sfn.tasks.sagemaker import (
        Channel as Channel,
    )
    from penstock.sfn.tasks.sagemaker import (
        CompressionType as CompressionType,
    )
    from penstock.sfn.tasks.sagemaker import (
        ContainerDefinition as ContainerDefinition,
    )
    from penstock.sfn.tasks.sagemaker import (
        DataSource as DataSource,
    )
    from penstock.sfn.tasks.sagemaker import (
        DockerImage as DockerImage,
    )
    from penstock.sfn.tasks.sagemaker import (
        InputMode as InputMode,
    )
    from penstock.sfn.tasks.sagemaker import (
        MetricDefinition as MetricDefinition,
    )
    from penstock.sfn.tasks.sagemaker import (
        Mode as Mode,
    )
    from penstock.sfn.tasks.sagemaker import (
        ModelClientOptions as ModelClientOptions,
    )
    from penstock.sfn.tasks.sagemaker import (
        OutputDataConfig as OutputDataConfig,
    )
    from penstock.sfn.tasks.sagemaker import (
        ProductionVariant as ProductionVariant,
    )
    from penstock.sfn.tasks.sagemaker import (
        RecordWrapperType as RecordWrapperType,
    )
    from penstock.sfn.tasks.sagemaker import (
        ResourceConfig as ResourceConfig,
    )
    from penstock.sfn.tasks.sagemaker import (
        S3DataDistributionType as S3DataDistributionType,
    )
    from penstock.sfn.tasks.sagemaker import (
        S3DataSource as S3DataSource,
    )
    from penstock.sfn.tasks.sagemaker import (
        S3DataType as S3DataType,
    )
    from penstock.sfn.tasks.sagemaker import (
        S3Location as S3Location,
    )
    from penstock.sfn.tasks.sagemaker import (
        SageMakerCreateEndpoint as SageMakerCreateEndpoint,
    )
    from penstock.sfn.tasks.sagemaker import (
        SageMakerCreateEndpointConfig as SageMakerCreateEndpointConfig,
    )
    from penstock.sfn.tasks.sagemaker import (
        SageMakerCreateHyperParameterTuningJob as SageMakerCreateHyperParameterTuningJob,
    )
    from penstock.sfn.tasks.sagemaker import (
        SageMakerCreateLabelingJob as SageMakerCreateLabelingJob,
    )
    from penstock.sfn.tasks.sagemaker import (
        SageMakerCreateModel as SageMakerCreateModel,
    )
    from penstock.sfn.tasks.sagemaker import (
        SageMakerCreateProcessingJob as SageMakerCreateProcessingJob,
    )
    from penstock.sfn.tasks.sagemaker import (
        SageMakerCreateTrainingJob as SageMakerCreateTrainingJob,
    )
    from penstock.sfn.tasks.sagemaker import (
        SageMakerCreateTransformJob as SageMakerCreateTransformJob,
    )
    from penstock.sfn.tasks.sagemaker import (
        SageMakerUpdateEndpoint as SageMakerUpdateEndpoint,
    )
    from penstock.sfn.tasks.sagemaker import (
        ShuffleConfig as ShuffleConfig,
    )
    from penstock.sfn.tasks.sagemaker import (
        SplitType as SplitType,
    )
    from penstock.sfn.tasks.sagemaker import (
        StoppingCondition as StoppingCondition,
    )
    from penstock.sfn.tasks.sagemaker import (
        TransformDataSource as TransformDataSource,
    )
    from penstock.sfn.tasks.sagemaker import (
        TransformInput as TransformInput,
    )
    from penstock.sfn.tasks.sagemaker import (
        TransformOutput as TransformOutput,
    )
    from penstock.sfn.tasks.sagemaker import (
        TransformResources as TransformResources,
    )
    from penstock.sfn.tasks.sagemaker import (
        TransformS3DataSource as TransformS3DataSource,
    )
    from penstock.sfn.tasks.sagemaker import (
        VpcConfig as VpcConfig,
    )
    from penstock.sfn.tasks.states import (
        StepFunctionsInvokeActivity as StepFunctionsInvokeActivity,
    )
    from penstock.sfn.tasks.states import (
        StepFunctionsStartExecution as StepFunctionsStartExecution,
    )

_HOMES = {
    "AthenaGetQueryExecution": "analytics",
    "AthenaGetQueryResults": "analytics",
    "AthenaStartQueryExecution": "analytics",
    "AthenaStopQueryExecution": "analytics",
    "EncryptionConfiguration": "analytics",
    "EncryptionOption": "analytics",
    "ExecutionClass": "analytics",
    "GlueDataBrewStartJobRun": "analytics",
    "GlueStartCrawlerRun": "analytics",
    "GlueStartJobRun": "analytics",
    "Location": "analytics",
    "QueryExecutionContext": "analytics",
    "ResultConfiguration": "analytics",
    "WorkerConfigurationProperty": "analytics",
    "WorkerType": "analytics",
    "CallAwsService": "aws_service",
    "BedrockCreateModelCustomizationJob": "bedrock",
    "BedrockInvokeModel": "bedrock",
    "BedrockInvokeModelInputProps": "bedrock",
    "BedrockInvokeModelOutputProps": "bedrock",
    "BucketConfiguration": "bedrock",
    "CustomizationType": "bedrock",
    "Guardrail": "bedrock",
    "OutputBucketConfiguration": "bedrock",
    "TrainingBucketConfiguration": "bedrock",
    "ValidationBucketConfiguration": "bedrock",
    "ActionAfterCompletion": "builds",
    "BuildEnvironmentVariable": "builds",
    "BuildEnvironmentVariableType": "builds",
    "CodeBuildBatchDeleteBuilds": "builds",
    "CodeBuildBatchGetReports": "builds",
    "CodeBuildStartBuild": "builds",
    "CodeBuildStartBuildBatch": "builds",
    "CodeBuildStopBuild": "builds",
    "EventBridgeSchedulerCreateScheduleTask": "builds",
    "EventBridgeSchedulerTarget": "builds",
    "MediaConvertCreateJob": "builds",
    "RetryPolicy": "builds",
    "Schedule": "builds",
    "BatchContainerOverrides": "containers",
    "BatchJobDependency": "containers",
    "BatchSubmitJob": "containers",
    "ContainerOverride": "containers",
    "EcsEc2LaunchTarget": "containers",
    "EcsFargateLaunchTarget": "containers",
    "EcsRunTask": "containers",
    "EksCall": "containers",
    "EksDeleteFargateProfile": "containers",
    "EksCreateFargateProfile": "containers",
    "EksDeleteNodegroup": "containers",
    "EksCreateNodegroup": "containers",
    "EksDeleteCluster": "containers",
    "EksCreateCluster": "containers",
    "EksRunJob": "containers",
    "FargatePlatformVersion": "containers",
    "HttpMethods": "containers",
    "LaunchTarget": "containers",
    "TaskEnvironmentVariable": "containers",
    "DynamoAttributeValue": "dynamodb",
    "DynamoConsumedCapacity": "dynamodb",
    "DynamoDeleteItem": "dynamodb",
    "DynamoGetItem": "dynamodb",
    "DynamoItemCollectionMetrics": "dynamodb",
    "DynamoProjectionExpression": "dynamodb",
    "DynamoPutItem": "dynamodb",
    "DynamoReturnValues": "dynamodb",
    "DynamoUpdateItem": "dynamodb",
    "ActionOnFailure": "emr",
    "EmrAddStep": "emr",
    "EmrCancelStep": "emr",
    "EmrCreateCluster": "emr",
    "EmrModifyInstanceFleetByName": "emr",
    "EmrModifyInstanceGroupByName": "emr",
    "EmrSetClusterTerminationProtection": "emr",
    "EmrTerminateCluster": "emr",
    "ApplicationConfiguration": "emr_other",
    "EmrContainersCreateVirtualCluster": "emr_other",
    "EmrContainersDeleteVirtualCluster": "emr_other",
    "EmrContainersStartJobRun": "emr_other",
    "EmrServerlessCancelJobRun": "emr_other",
    "EmrServerlessCreateApplication": "emr_other",
    "EmrServerlessDeleteApplication": "emr_other",
    "EmrServerlessStartApplication": "emr_other",
    "EmrServerlessStartJobRun": "emr_other",
    "EmrServerlessStopApplication": "emr_other",
    "JobDriver": "emr_other",
    "Monitoring": "emr_other",
    "SparkSubmitJobDriver": "emr_other",
    "AuthType": "http",
    "CallApiGatewayEndpoint": "http",
    "CallApiGatewayHttpApiEndpoint": "http",
    "CallApiGatewayRestApiEndpoint": "http",
    "HttpInvoke": "http",
    "HttpMethod": "http",
    "URLEncodingFormat": "http",
    "LambdaInvocationType": "lambda_",
    "LambdaInvoke": "lambda_",
    "EventBridgePutEvents": "messaging",
    "EventBridgePutEventsEntry": "messaging",
    "MessageAttribute": "messaging",
    "MessageAttributeDataType": "messaging",
    "SnsPublish": "messaging",
    "SqsSendMessage": "messaging",
    "AlgorithmSpecification": "sagemaker",
    "AssembleWith": "sagemaker",
    "BatchStrategy": "sagemaker",
    "Channel": "sagemaker",
    "CompressionType": "sagemaker",
    "ContainerDefinition": "sagemaker",
    "DataSource": "sagemaker",
    "DockerImage": "sagemaker",
    "InputMode": "sagemaker",
    "MetricDefinition": "sagemaker",
    "Mode": "sagemaker",
    "ModelClientOptions": "sagemaker",
    "OutputDataConfig": "sagemaker",
    "ProductionVariant": "sagemaker",
    "RecordWrapperType": "sagemaker",
    "ResourceConfig": "sagemaker",
    "S3DataDistributionType": "sagemaker",
    "S3DataSource": "sagemaker",
    "S3DataType": "sagemaker",
    "S3Location": "sagemaker",
    "SageMakerCreateEndpoint": "sagemaker",
    "SageMakerCreateEndpointConfig": "sagemaker",
    "SageMakerCreateHyperParameterTuningJob": "sagemaker",
    "SageMakerCreateLabelingJob": "sagemaker",
    "SageMakerCreateModel": "sagemaker",
    "SageMakerCreateProcessingJob": "sagemaker",
    "SageMakerCreateTrainingJob": "sagemaker",
    "SageMakerCreateTransformJob": "sagemaker",
    "SageMakerUpdateEndpoint": "sagemaker",
    "ShuffleConfig": "sagemaker",
    "SplitType": "sagemaker",
    "StoppingCondition": "sagemaker",
    "TransformDataSource": "sagemaker",
    "TransformInput": "sagemaker",
    "TransformOutput": "sagemaker",
    "TransformResources": "sagemaker",
    "TransformS3DataSource": "sagemaker",
    "VpcConfig": "sagemaker",
    "StepFunctionsInvokeActivity": "states",
    "StepFunctionsStartExecution": "states",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'penstock.sfn.tasks' has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f"penstock.sfn.tasks.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(_HOMES)
