"""Resource policies, as Terraform, CDK and the console write them. They are kept and shown; nobody is refused."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from penstock.errors import ServiceError
from penstock.jsontools import dumps_text
from penstock.services.lambda_.records import Policy
from penstock.services.lambda_.state import CONFLICT, NOT_FOUND, Answer, Parameters, State


def add_permission(state: State, given: Parameters) -> Answer:
    with state.lock:
        function, asked = state.function(given)
        arn = state.qualified(function, asked)
        policy = state.repository.policies.get(arn)
        if policy is None:
            policy = Policy(arn=arn, function_arn=function.arn, statements=(), revision_id="")
        sid = given["StatementId"]
        if any(statement["Sid"] == sid for statement in policy.statements):
            raise ServiceError(
                f"The statement id ({sid}) provided already exists. Please provide a new statement id, or remove the existing "
                "statement.",
                code=CONFLICT,
            )
        statement = _statement(arn, given)
        state.repository.policies.put(
            replace(policy, statements=(*policy.statements, statement), revision_id=state.entropy.uuid4())
        )
    return {"Statement": dumps_text(statement)}


def get_policy(state: State, given: Parameters) -> Answer:
    policy = _policy(state, given)
    document: dict[str, Any] = {"Version": "2012-10-17", "Id": "default", "Statement": list(policy.statements)}
    return {"Policy": dumps_text(document), "RevisionId": policy.revision_id}


def remove_permission(state: State, given: Parameters) -> Answer:
    with state.lock:
        policy = _policy(state, given)
        sid = given["StatementId"]
        left = tuple(statement for statement in policy.statements if statement["Sid"] != sid)
        if len(left) == len(policy.statements):
            raise ServiceError(f"Statement {sid} is not found in resource policy.", code=NOT_FOUND)
        if left:
            state.repository.policies.put(replace(policy, statements=left, revision_id=state.entropy.uuid4()))
        else:
            state.repository.policies.delete(policy.arn)
    return {}


def _policy(state: State, given: Parameters) -> Policy:
    function, asked = state.function(given)
    policy = state.repository.policies.get(state.qualified(function, asked))
    if policy is None:
        raise ServiceError("The resource you requested does not exist.", code=NOT_FOUND)
    return policy


def _statement(arn: str, given: Parameters) -> dict[str, Any]:
    principal: str = given["Principal"]
    shown: Any = principal
    if re.fullmatch(r"\d{12}", principal):
        shown = {"AWS": f"arn:aws:iam::{principal}:root"}
    elif principal.startswith("arn:"):
        shown = {"AWS": principal}
    elif principal != "*":
        shown = {"Service": principal}
    conditions: dict[str, dict[str, str]] = {}
    for member, operator, key in (
        ("SourceAccount", "StringEquals", "AWS:SourceAccount"),
        ("PrincipalOrgID", "StringEquals", "aws:PrincipalOrgID"),
        ("EventSourceToken", "StringEquals", "lambda:EventSourceToken"),
        ("FunctionUrlAuthType", "StringEquals", "lambda:FunctionUrlAuthType"),
        ("SourceArn", "ArnLike", "AWS:SourceArn"),
    ):
        if member in given:
            conditions.setdefault(operator, {})[key] = given[member]
    statement = {
        "Sid": given["StatementId"],
        "Effect": "Allow",
        "Principal": shown,
        "Action": given["Action"],
        "Resource": arn,
    }
    return {**statement, "Condition": conditions} if conditions else statement
