"""`bedrock:invokeModel`: a model's answer is JSON, and prompts and answers over the payload quota go by way of S3.

Developer Guide, "Invoke and customize Amazon Bedrock models": `Input` and `Output` with an `S3Uri` stand for the body; with
`Output` the result's Body is the place it was written to.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from penstock.engine.tasks.aws.calling import CallFailed, Service, unfit
from penstock.jsontools import Json, dumps

PLACES = ("Input", "Output")


def body_from_s3(arguments: dict[str, Any], s3: Service) -> dict[str, Any]:
    """The operation's arguments, `Input` read. Raises CallFailed."""
    rest = {key: value for key, value in arguments.items() if key not in PLACES}
    if "Input" in arguments:
        text = _call(s3, "getObject", arguments, "Input")["Body"].read().decode("utf-8", "replace")
        rest["Body"] = parsed(text)
    return rest


def answer_to_s3(arguments: dict[str, Any], result: dict[str, Json], s3: Service) -> dict[str, Json]:
    """The result, its Body written to `Output` where there is one. Raises CallFailed."""
    if "Output" not in arguments:
        return result
    _call(s3, "putObject", arguments, "Output", Body=dumps(result.get("Body")))
    return {**result, "Body": arguments["Output"]["S3Uri"]}


def _call(s3: Service, action: str, arguments: dict[str, Any], field: str, **more: Any) -> dict[str, Any]:
    place = arguments[field]
    uri = place.get("S3Uri") if isinstance(place, dict) else None
    parts = urlsplit(uri) if isinstance(uri, str) else None
    if parts is None or parts.scheme != "s3" or not parts.netloc or len(parts.path) < 2:
        raise CallFailed(unfit(arguments, f'The value for the field "{field}" must have an S3Uri (s3://BUCKET/KEY)'))
    return s3.call(s3.operation(action), {"Bucket": parts.netloc, "Key": parts.path[1:], **more})


def parsed(text: str) -> Json:
    """JSON where it is JSON, else the text."""
    try:
        value: Json = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value


def model_answer(result: dict[str, Json]) -> dict[str, Json]:
    body = result.get("Body", "")
    return {**result, "Body": parsed(body) if isinstance(body, str) else body}
