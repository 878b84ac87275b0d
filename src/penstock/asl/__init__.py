"""The States Language: model, reading, writing, checking, paths, intrinsics."""

from penstock.asl.check import check, create_error, invalid_definition
from penstock.asl.model import UNSET, State, StateMachine
from penstock.asl.read import Reading, read, read_document
from penstock.asl.write import state_to_document, to_document, write, write_yaml

__all__ = [
    "UNSET",
    "Reading",
    "State",
    "StateMachine",
    "check",
    "create_error",
    "invalid_definition",
    "read",
    "read_document",
    "state_to_document",
    "to_document",
    "write",
    "write_yaml",
]
