"""The service's numbers. Source of each: AWS Step Functions Developer Guide, "Quotas", unless said."""

from __future__ import annotations

from typing import Final

PAYLOAD_BYTES: Final = 262_144
"""Bytes of UTF-8 that an input, an output or a result may have."""

STANDARD_EVENTS: Final = 25_000
"""History events of a Standard execution; the 25,000th is ExecutionFailed (measured, floci-io/floci#2734)."""

EXPRESS_EVENTS: Final = 1_000_000
"""Ours: an Express history has no limit at AWS, but this process has memory. An endless loop stops here."""

STANDARD_SECONDS: Final = 366 * 86_400
"""A Standard execution runs a year at most. AWS says no more; where it writes a year in seconds (the bound of
MaxDelaySeconds) it is 31,622,400, a leap year's, and so a Wait of a common year ends."""

EXPRESS_SECONDS: Final = 300
"""An Express execution runs five minutes at most."""

INLINE_CONCURRENCY: Final = 40
"""Iterations of an inline Map at once, whatever MaxConcurrency says."""

DISTRIBUTED_CONCURRENCY: Final = 10_000
"""Child executions of a distributed Map at once, also when MaxConcurrency is 0 or absent."""

WAIT_SECONDS: Final = 99_999_999
"""The longest Wait (Developer Guide, "Wait workflow state")."""

NAME_CHARACTERS: Final = 80
NAME_FORBIDDEN: Final = frozenset(' \t\n\r<>{}[]?*"#%\\^|~`$&,;:/') | {
    chr(n) for n in (*range(0x20), *range(0x7F, 0xA0), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF, 0x10FFFF)
}
"""What the name of an execution may not hold: blanks, brackets, wildcards, control characters, surrogates, invalid characters
(API reference, StartExecution)."""

ERROR_CHARACTERS: Final = 256
CAUSE_CHARACTERS: Final = 32_768
"""What the API's shapes SensitiveError and SensitiveCause hold."""

VARIABLES_BYTES: Final = 10 * 1024 * 1024
"""All variables of one execution together."""

STEPS: Final = 10_000
"""Ours: state transitions one `advance` makes before it lets the driver look at timers and other executions."""

RETRIES: Final = STANDARD_EVENTS
"""Ours: retries in one visit of a state. A failure before anything was scheduled leaves no event that would count, and in
virtual time no delay would end it."""

ITEMS_READ_AT_ONCE: Final = 1_000
"""Ours: items that a distributed Map asks its reader for, and keeps ahead."""
