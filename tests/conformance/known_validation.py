"""Where we judge a definition otherwise than a case of `validation/` or `machines/` expects, and why.

AWS's word wins over asl-validator's and statelint's. Ids as in the conformance data; a case that stops disagreeing
must leave the table (`tests/asl/test_recorded.py` watches that).
"""

from __future__ import annotations

KNOWN: dict[str, str] = {
    "statelint/test/task-with-credentials.json": (
        "Credentials without RoleArn: AWS refuses it (recorded: The field 'RoleArn' is required but was missing)."
    ),
    "asl-validator/valid-task-credentials.json": (
        "Credentials without RoleArn: AWS refuses it (recorded: The field 'RoleArn' is required but was missing)."
    ),
    "asl-validator/valid-assign.asl.json": (
        "Assigns a variable named top-level: AWS refuses it (measured: INVALID_VARIABLE_NAME); names are identifiers."
    ),
    "asl-validator/valid-task-intrisic-function.json": (
        "Resource is a CloudFormation object: valid in a template before it is resolved, but to AWS a Resource is a string."
    ),
    "asl-validator/invalid-jsonata-surround-syntax-no-spaces.json": (
        "{%10%} needs no blanks inside the delimiters: AWS takes any string that starts with {% and ends with %}."
    ),
    "workflows-collection/migrate-csv-to-ddb-distributed-map-main/migrate_csv_to_ddb_distributed_map/migration_workflow.py#1": (
        "Numbers that are texts, MaxConcurrency 'constants.STATE_MACHINE_MAX_CONCURRENCY' among them: the definition was "
        "lifted from Python source with its constants unresolved, and AWS takes no such value."
    ),
}
