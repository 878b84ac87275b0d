"""Tasks that call AWS services, through boto3 and botocore's own models."""

from penstock.engine.tasks.aws.client import Clients, shared_clients
from penstock.engine.tasks.aws.handler import AwsHandler

__all__ = ["AwsHandler", "Clients", "shared_clients"]
