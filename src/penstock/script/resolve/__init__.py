"""Stage 2, resolve: what the file defines. Tasks, machines, processors, exceptions, constants, each under its name."""

from penstock.script.resolve.declarations import Declarations, MachineFunction, declare

__all__ = ["Declarations", "MachineFunction", "declare"]
