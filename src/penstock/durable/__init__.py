"""Runs that outlive their process: what is written down with an execution so that its task code is found again, and taking
up what was interrupted.

A file serves runs and services. Whoever began an execution takes it up: a service has no code for the tasks of a script, and
a run does not answer requests. So the record of an execution says that a run began it, and each side leaves the other's
alone.
"""

from penstock.durable.began import Began, open_journal
from penstock.durable.beginning import run_many_in_file, start_in_file
from penstock.durable.code import written
from penstock.durable.finding import check_redrivable, find, opened
from penstock.durable.results import StoredResult, result_in_file
from penstock.durable.resuming import Resumed, redrive, resume, to_resume
from penstock.durable.stopping import stop_in_file

__all__ = [
    "Began",
    "Resumed",
    "StoredResult",
    "check_redrivable",
    "find",
    "open_journal",
    "opened",
    "redrive",
    "result_in_file",
    "resume",
    "run_many_in_file",
    "start_in_file",
    "stop_in_file",
    "to_resume",
    "written",
]
