"""Typed tasks: one class an integration, one module a service."""

from penstock.sfn.tasks.lambda_ import LambdaInvocationType, LambdaInvoke

__all__ = [
    "LambdaInvocationType",
    "LambdaInvoke",
]
