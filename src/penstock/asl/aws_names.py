"""What Step Functions calls services, actions, members and exceptions: the names of the AWS SDK for Java.

An `aws-sdk` integration is the Java SDK 2 seen through JSON, so `DBInstanceIdentifier` is `DbInstanceIdentifier`, `states` is
`sfn`, and the service's error `NoSuchKey` is `S3.NoSuchKeyException` (recorded: services.json, error_handling.json). The rules
are those of the Java SDK's code generator (its naming strategy); here they work on botocore's models.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

# All patterns are linear, and texts are names out of service models.
_OTHER: Final = re.compile(r"[^A-Za-z0-9]+")
_VERSION_AFTER_CAPITALS: Final = re.compile(r"([^a-z]{2,})v([0-9]+)")
_VERSION_AFTER_SMALL: Final = re.compile(r"([^A-Z]{2,})V([0-9]+)")
_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z][a-zA-Z0-9])")
_ACRONYM: Final = re.compile(r"([A-Z]+)([A-Z][a-z])")
_DIGIT: Final = re.compile(r"([0-9])([a-zA-Z])")


@lru_cache(maxsize=16_384)
def pascal_case(name: str) -> str:
    """`DBInstanceIdentifier` → `DbInstanceIdentifier`, `cloudwatch-logs` → `CloudwatchLogs`, `ETag` → `ETag`."""
    text = _OTHER.sub(" ", name)
    text = _VERSION_AFTER_CAPITALS.sub(r"\1 v\2 ", text)
    text = _VERSION_AFTER_SMALL.sub(r"\1 V\2 ", text)
    text = _CAMEL.sub(" ", text)
    text = _ACRONYM.sub(r"\1 \2", text)
    text = _DIGIT.sub(r"\1 \2", text)
    return "".join(word[:1].upper() + word[1:].lower() for word in text.split())


def capitalised(name: str) -> str:
    """`taskArn` → `TaskArn`: how the optimised integrations write members."""
    return name[:1].upper() + name[1:]


@lru_cache(maxsize=16_384)
def member_name(name: str) -> str:
    """How an `aws-sdk` integration writes a member. S3's checksums keep their capitals (recorded: `ChecksumCRC32`)."""
    return name if name.startswith("Checksum") else pascal_case(name)


def client_name(service_id: str) -> str:
    """The Java client's name without `Client`, from the model's serviceId: `DynamoDB` → `DynamoDb`."""
    name = pascal_case(service_id)
    return name.removeprefix("Amazon").removeprefix("Aws").removesuffix("Service")


def exception_name(shape_name: str) -> str:
    """The exception of an error shape: `NoSuchKey` → `NoSuchKeyException`, `QuotaFault` → `QuotaException`."""
    if shape_name.endswith("Fault"):
        return pascal_case(shape_name.removesuffix("Fault")) + "Exception"
    if shape_name.endswith("Exception"):
        return pascal_case(shape_name)
    return pascal_case(shape_name) + "Exception"


SERVICES: Final = {
    "applicationdiscovery": "discovery",
    "cloudwatchevents": "events",
    "cloudwatchlogs": "logs",
    "cognitoidentityprovider": "cognito-idp",
    "costandusagereport": "cur",
    "costexplorer": "ce",
    "databasemigration": "dms",
    "directory": "ds",
    "directoryservicedata": "ds-data",
    "elasticloadbalancing": "elb",
    "elasticloadbalancingv2": "elbv2",
    "elasticsearch": "es",
    "eventbridge": "events",
    "iotdataplane": "iot-data",
    "iotjobsdataplane": "iot-jobs-data",
    "lexmodelbuilding": "lex-models",
    "lexmodelsv2": "lexv2-models",
    "lexruntimev2": "lexv2-runtime",
    "marketplacemetering": "meteringmarketplace",
    "migrationhub": "mgh",
    "pinpointsmsvoice": "pinpoint-sms-voice",
    "serverlessapplicationrepository": "serverlessrepo",
    "sfn": "stepfunctions",
    "simpledb": "sdb",
}
"""Java's package name → botocore's, where more than hyphens is different. `tests/engine/tasks/aws/test_names.py` holds it
against all of botocore's models."""
