"""HTTPS APIs and Amazon API Gateway."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, Unpack

from penstock.sfn.inputs import JsonPath, TaskInput
from penstock.sfn.problems import Wrong
from penstock.sfn.states.task import ServiceOptions, ServiceTask
from penstock.sfn.tasks.common import named
from penstock.sfn.values import JSONATA, REFERENCES, TextReference, is_expression, shown
from penstock.sfn.words import IntegrationPattern


class URLEncodingFormat(Enum):
    """How arrays are written in a form body; NONE sends JSON."""

    BRACKETS = "BRACKETS"
    COMMAS = "COMMAS"
    DEFAULT = "DEFAULT"
    INDICES = "INDICES"
    NONE = "NONE"
    REPEAT = "REPEAT"


class HttpInvoke(ServiceTask):
    """One HTTPS request. `api_endpoint` is the path behind `api_root`, `connection` the ARN of an EventBridge connection."""

    SERVICE = "http:invoke"

    def __init__(
        self,
        id: str,  # noqa: A002
        *,
        api_root: str,
        api_endpoint: TaskInput,
        connection: object,
        method: TaskInput,
        body: TaskInput | None = None,
        headers: TaskInput | None = None,
        query_string_parameters: TaskInput | None = None,
        url_encoding_format: URLEncodingFormat | None = None,
        **options: Unpack[ServiceOptions],
    ) -> None:
        super().__init__(
            id,
            options,
            {
                "Authentication": {"ConnectionArn": named(connection, "connection", "connection_arn")},
                "Method": method,
                "RequestBody": body,
                "Headers": headers,
                "QueryParameters": query_string_parameters,
            },
        )
        self.api_root, self.api_endpoint, self.url_encoding_format = api_root, api_endpoint, url_encoding_format

    def payload(self, language: str) -> dict[str, Any]:
        encoding = self.url_encoding_format
        if encoding is not None and encoding is not URLEncodingFormat.NONE:
            headers = self.arguments.get("Headers")
            given = headers.value if isinstance(headers, TaskInput) else headers or {}
            if not isinstance(given, Mapping) or isinstance(given, REFERENCES):
                raise Wrong("PS720", f"with url_encoding_format, `headers` is an object, not {shown(given)}")
            # The form is asked for by this header, and how arrays are written by Transform (Developer Guide, HTTP Task).
            self.arguments["Headers"] = {**given, "Content-Type": "application/x-www-form-urlencoded"}
            self.arguments["Transform"] = {"RequestBodyEncoding": "URL_ENCODED"}
            if encoding is not URLEncodingFormat.DEFAULT:
                self.arguments["Transform"]["RequestEncodingOptions"] = {"ArrayFormat": encoding}
        self.arguments["ApiEndpoint"] = self._endpoint(language)
        return super().payload(language)

    def _endpoint(self, language: str) -> Any:
        root = self.api_root
        path = self.api_endpoint.value if isinstance(self.api_endpoint, TaskInput) else self.api_endpoint
        if language == JSONATA:
            if not is_expression(root) and not is_expression(path):
                return f"{root}/{path}"
            return f"{{% {_in_jsonata(root)} & '/' & {_in_jsonata(path)} %}}"
        if isinstance(root, TextReference) or isinstance(path, TextReference):
            return JsonPath.format("{}/{}", root, path)
        return f"{root}/{path}"


def _in_jsonata(text: str) -> str:
    if is_expression(text):
        return text[2:-2].strip()
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


class HttpMethod(Enum):
    GET = "GET"
    POST = "POST"
    PUT = "PUT"
    DELETE = "DELETE"
    PATCH = "PATCH"
    HEAD = "HEAD"
    OPTIONS = "OPTIONS"


class AuthType(Enum):
    NO_AUTH = "NO_AUTH"
    IAM_ROLE = "IAM_ROLE"
    RESOURCE_POLICY = "RESOURCE_POLICY"


class CallApiGatewayEndpoint(ServiceTask):
    """A request to an API of Amazon API Gateway, by its host (`api_endpoint`), without https://."""

    SERVICE = "apigateway:invoke"
    TOKEN = True

    def __init__(
        self,
        id: str,  # noqa: A002
        *,
        api_endpoint: str,
        method: HttpMethod,
        stage_name: str | None = None,
        api_path: str | None = None,
        auth_type: AuthType = AuthType.NO_AUTH,
        headers: TaskInput | None = None,
        query_parameters: TaskInput | None = None,
        request_body: TaskInput | None = None,
        **options: Unpack[ServiceOptions],
    ) -> None:
        super().__init__(
            id,
            options,
            {
                "ApiEndpoint": api_endpoint,
                "Method": method,
                "Headers": headers,
                "Stage": stage_name,
                "Path": api_path,
                "QueryParameters": query_parameters,
                "RequestBody": request_body,
                "AuthType": auth_type,
            },
        )
        if options.get("integration_pattern") is IntegrationPattern.WAIT_FOR_TASK_TOKEN and headers is None:
            self.tell(
                "PS728",
                f"{self.id!r} waits for its task token to come back, but no header carries it",
                help="headers=TaskInput.from_object({'TaskToken': JsonPath.array(JsonPath.task_token)})",
            )


class CallApiGatewayRestApiEndpoint(CallApiGatewayEndpoint):
    """A request to a REST API."""


class CallApiGatewayHttpApiEndpoint(CallApiGatewayEndpoint):
    """A request to an HTTP API; it has no stage in its path where the stage is $default."""
