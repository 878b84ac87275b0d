"""What programs of the construct library import as `aws_lambda`: functions, by name or ARN."""

from penstock.sfn.deployment import Code, Runtime
from penstock.sfn.resources import Function

__all__ = ["Code", "Function", "Runtime"]
