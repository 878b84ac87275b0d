"""AWS's TestState: one state alone, run by the engine's own states."""

from penstock.engine.teststate.running import run_state

__all__ = ["run_state"]
