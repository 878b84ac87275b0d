"""Looking at executions and ending them, wherever they are: in a database file, or on a server."""

from penstock.runs.endpoint import EndpointRuns
from penstock.runs.file import FileRuns
from penstock.runs.runs import Execution, Runs

__all__ = ["EndpointRuns", "Execution", "FileRuns", "Runs"]
