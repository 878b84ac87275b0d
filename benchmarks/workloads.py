"""The workloads of ../shared/benchmarks, and smaller cuts of them for the cost from n to 10 n."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
HISTORY_QUOTA = 25_000


@dataclass(frozen=True)
class Workload:
    """`n` units of `unit`; `group` is W1, W2, …; `type` is EXPRESS where a STANDARD history would pass AWS's quota."""

    name: str
    n: int
    unit: str
    definition: dict[str, Any] = field(repr=False)
    input: Any = field(repr=False)
    expect: Any = field(repr=False)
    type: str = "STANDARD"

    @property
    def group(self) -> str:
        return self.name.split("_")[0]

    @property
    def alone(self) -> bool:
        """No peer runs it: neither evaluates JSONata here (moto's needs Java)."""
        return self.group == "W5"

    def message(self) -> dict[str, Any]:
        """What a peer is sent."""
        return {
            "name": self.name,
            "definition": self.definition,
            "input": self.input,
            "expect": self.expect,
            "type": self.type,
        }


def folder() -> Path:
    return Path(os.environ.get("PENSTOCK_BENCHMARKS", ROOT.parent / "shared" / "benchmarks")) / "workloads"


def load(name: str) -> Workload:
    raw = json.loads((folder() / f"{name}.asl.json").read_text())
    # An iteration of the Map and of the loop leaves at least two events a transition.
    express = raw["transitions"] * 2 > HISTORY_QUOTA
    return Workload(
        name=raw["name"],
        n=raw["n"],
        unit=raw["unit"],
        definition=raw["definition"],
        input=raw["input"],
        expect=raw["expect"],
        type="EXPRESS" if express else "STANDARD",
    )


def first_states(workload: Workload, n: int) -> Workload:
    """The first `n` states of a chain, ended there. Its output is not known beforehand."""
    states = dict(list(workload.definition["States"].items())[:n])
    last = next(reversed(states))
    states[last] = {k: v for k, v in states[last].items() if k != "Next"} | {"End": True}
    return Workload(
        name=f"{workload.name.rsplit('_', 1)[0]}_{n}",
        n=n,
        unit=workload.unit,
        definition=workload.definition | {"States": states},
        input=workload.input,
        expect=None,
    )


def pairs() -> list[tuple[Workload, Workload]]:
    """(n, 10 n) of every workload that is measured."""
    payload = load("W6_payload_100")
    return [
        (load("W1_chain_100"), load("W1_chain_1000")),
        (load("W2_loop_1000"), load("W2_loop_10000")),
        (load("W3_map_1000"), load("W3_map_10000")),
        (load("W4_parallel_10x10"), load("W4_parallel_100x10")),
        # The input of 5,000 items is over the quota of 262,144 bytes, and refused as AWS refuses it.
        (load("W5_jsonata_100"), load("W5_jsonata_1000")),
        (first_states(payload, 10), payload),
    ]
