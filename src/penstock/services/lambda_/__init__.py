"""AWS Lambda on this machine: functions in warm worker processes, called by name, by ARN, through the API."""

from penstock.services.lambda_.records import Registration
from penstock.services.lambda_.service import Lambda

__all__ = ["Lambda", "Registration"]
