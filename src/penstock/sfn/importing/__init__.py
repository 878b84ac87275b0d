"""From a definition to a program that composes it: `penstock import DEFINITION --as sfn`.

| module | what |
|---|---|
| `program.py` | the whole program: states, then how they hang together |
| `states.py` | one state as a call of its class |
| `typed.py` | a Task as the typed task of its integration |
| `values.py` | JSON values as Python, references as JsonPath |
| `names.py` | a variable for every state |

Each state is made as an object at the same time, and compared with the definition: what would not come back equal is written in a
plainer way, at last as a CustomState.
"""

from penstock.sfn.importing.program import write_program

__all__ = ["write_program"]
