"""Names as the AWS SDK for Java forms them."""

from __future__ import annotations

import pytest

from penstock.asl import aws_names as names
from penstock.engine.tasks.aws.client import UnknownService, botocore_name


@pytest.mark.parametrize(
    ("model", "java"),
    [
        ("DBInstanceIdentifier", "DbInstanceIdentifier"),
        ("ETag", "ETag"),
        ("SSEKMSKeyId", "SsekmsKeyId"),
        ("taskArn", "TaskArn"),
        ("vpcId", "VpcId"),
        ("S3Key", "S3Key"),
        ("EC2", "Ec2"),
        ("DNSName", "DnsName"),
    ],
)
def test_members(model: str, java: str) -> None:
    assert names.member_name(model) == java


@pytest.mark.parametrize(
    ("service_id", "name"),
    [
        ("DynamoDB", "DynamoDb"),
        ("SFN", "Sfn"),
        ("S3", "S3"),
        ("SQS", "Sqs"),
        ("CloudWatch Logs", "CloudWatchLogs"),
        ("Database Migration Service", "DatabaseMigration"),
        ("Cognito Identity Provider", "CognitoIdentityProvider"),
        ("Elastic Load Balancing v2", "ElasticLoadBalancingV2"),
        ("SESv2", "SesV2"),
    ],
)
def test_clients(service_id: str, name: str) -> None:
    assert names.client_name(service_id) == name


@pytest.mark.parametrize(
    ("shape", "exception"),
    [
        ("NoSuchKey", "NoSuchKeyException"),
        ("ResourceNotFoundException", "ResourceNotFoundException"),
        ("DBInstanceNotFoundFault", "DbInstanceNotFoundException"),
        ("QueueDoesNotExist", "QueueDoesNotExistException"),
    ],
)
def test_exceptions(shape: str, exception: str) -> None:
    assert names.exception_name(shape) == exception


def test_every_service_of_botocore_is_found_by_its_java_name() -> None:
    loaders = pytest.importorskip("botocore.loaders")
    loader = loaders.Loader()
    twice = {"sms-voice"}  # its older model has the same name
    # Reading all models takes ten seconds: the ones whose names differ by more than hyphens, and every tenth other.
    services = loader.list_available_services("service-2")
    chosen = [s for i, s in enumerate(services) if s in names.SERVICES.values() or i % 10 == 0]
    for service in chosen:
        metadata = loader.load_service_model(service, "service-2")["metadata"]
        java = names.client_name(metadata["serviceId"]).lower()
        if service not in twice:
            assert botocore_name(java) == service


def test_a_service_nobody_has() -> None:
    pytest.importorskip("botocore")
    with pytest.raises(UnknownService):
        botocore_name("nosuchservice")
