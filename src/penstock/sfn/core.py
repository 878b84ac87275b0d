"""What programs of the construct library import as `core`: places to keep machines in, and Duration."""

from penstock.sfn.durations import Duration
from penstock.sfn.machine import App, Construct, Stack

__all__ = ["App", "Construct", "Duration", "Stack"]
