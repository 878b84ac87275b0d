"""What programs of the construct library import as `aws_lambda`: functions, by name or ARN."""

from penstock.sfn.resources import Function

__all__ = ["Function"]
