"""Penstock's workflows in an app of aws-cdk-lib: `Workflow` is a construct for any TARGET, with its functions and permissions.

Needs `penstock[cdk]` and node, on which aws-cdk-lib runs. `permissions` needs neither.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from penstock.cdk.workflow import Workflow

__all__ = ["Workflow"]


def __getattr__(name: str) -> object:
    if name == "Workflow":
        from penstock.cdk.workflow import Workflow

        return Workflow
    raise AttributeError(f"module 'penstock.cdk' has no attribute {name!r}")
