"""What programs of the construct library import as `core` (or `aws_cdk`): places to keep machines in, Duration, Size."""

from penstock.sfn.deployment import RemovalPolicy, Size
from penstock.sfn.durations import Duration
from penstock.sfn.machine import App, Construct, Stack

__all__ = ["App", "Construct", "Duration", "RemovalPolicy", "Size", "Stack"]
