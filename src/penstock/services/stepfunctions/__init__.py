"""AWS Step Functions in this process: every operation of its API, over one Driver."""

from penstock.services.stepfunctions.service import StepFunctions

__all__ = ["StepFunctions"]
