"""Looking at executions and ending them, wherever they are: in a database file (`file`), or on a server (`endpoint`)."""

from penstock.runs.runs import Execution, Runs

__all__ = ["Execution", "Runs"]
