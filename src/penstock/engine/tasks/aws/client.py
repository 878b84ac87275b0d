"""boto3's clients of one run: where their calls go, under whose name.

Nothing reaches Amazon unless the settings say so: `endpoint_url` is "aws" (Amazon's own endpoints, with the credentials of the
environment), "moto" (a moto in this process) or a URL (LocalStack, moto's server, a VPC endpoint). Without one there are no
clients.
"""

from __future__ import annotations

import importlib.util
import threading
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

from penstock.asl.aws_names import SERVICES
from penstock.errors import MissingRequirement

AMAZON: Final = "aws"
MOTO: Final = "moto"


class UnknownService(Exception):
    """The installed botocore has no service, or no operation, of that name."""


class Clients:
    """Makes each client once. May be used from any thread: boto3's clients may, only making them may not."""

    def __init__(self, endpoint_url: str, *, region: str, account: str) -> None:
        """`account` is who calls where no real credentials do: LocalStack and moto take it from the access key."""
        self.endpoint_url = endpoint_url
        self.region = region
        self.account = account
        self.is_moto = endpoint_url == MOTO
        host = urlsplit(endpoint_url).hostname or ""
        self.is_amazon = endpoint_url == AMAZON or host.endswith((".amazonaws.com", ".amazonaws.com.cn"))
        self._lock = threading.RLock()
        self._clients: dict[tuple[str, str, str | None], Any] = {}
        self._sessions: dict[tuple[str, str | None], Any] = {}

    def client(self, service: str, *, region: str | None = None, role: str | None = None) -> Any:
        """The client of a service by botocore's name, or by the one in a Resource. `role`: the ARN of the role whose
        permissions it has. Raises UnknownService, MissingRequirement."""
        key = service, region or self.region, role
        found = self._clients.get(key)
        if found is None:
            with self._lock:
                found = self._clients.get(key)
                if found is None:
                    found = self._clients[key] = self._make(*key)
        return found

    def _make(self, service: str, region: str, role: str | None) -> Any:
        from botocore.config import Config

        session = self._session(region, role)
        name = botocore_name(service)
        # Retrying is the state machine's business (Retry); the Java SDK's own retries are not in what it records either.
        options: dict[str, Any] = {"retries": {"total_max_attempts": 1}, "max_pool_connections": 50}
        # botocore would ask S3 for checksums of what it gets; the recorded answers have none.
        options["response_checksum_validation"] = "when_required"
        options["connect_timeout"] = 10
        options["read_timeout"] = 910 if name == "lambda" else 70  # a function may take fifteen minutes to answer
        if not (self.is_amazon or self.is_moto):
            options["s3"] = {"addressing_style": "path"}
        endpoint = None if self.endpoint_url in (AMAZON, MOTO) else self.endpoint_url
        client = session.client(name, endpoint_url=endpoint, config=Config(**options))
        if self.is_moto:
            from penstock.engine.tasks.aws.moto import attach

            attach(client, account=self.account if role is None else None)
        return client

    def _session(self, region: str, role: str | None) -> Any:
        session = self._sessions.get((region, role))
        if session is None:
            session = self._sessions[region, role] = self._new_session(region, role)
        return session

    def _new_session(self, region: str, role: str | None) -> Any:
        import boto3
        import botocore.session

        if role is not None:
            return _as_role(self.client("sts", region=region), role, region)
        if self.is_amazon:
            return boto3.Session(region_name=region)
        # Looking for credentials could ask Amazon's metadata service or an SSO portal; these are not asked for any.
        core = botocore.session.Session()
        core.set_credentials(self.account, "penstock")
        return boto3.Session(botocore_session=core, region_name=region)


def _as_role(sts: Any, role: str, region: str) -> Any:
    """A session with the role's permissions, which asks for new credentials when the old ones end."""
    import boto3
    import botocore.session
    from botocore.credentials import RefreshableCredentials

    def fetch() -> dict[str, str]:
        given = sts.assume_role(RoleArn=role, RoleSessionName="penstock")["Credentials"]
        return {
            "access_key": given["AccessKeyId"],
            "secret_key": given["SecretAccessKey"],
            "token": given["SessionToken"],
            "expiry_time": given["Expiration"].isoformat(),
        }

    core = botocore.session.Session()
    core._credentials = RefreshableCredentials.create_from_metadata(fetch(), fetch, "sts-assume-role")
    return boto3.Session(botocore_session=core, region_name=region)


@lru_cache(maxsize=8)
def shared_clients(endpoint_url: str, region: str, account: str) -> Clients:
    """One Clients for the same settings: making a client of S3 costs as much as ten thousand states."""
    return Clients(endpoint_url, region=region, account=account)


def require(endpoint_url: str) -> None:
    """Raises MissingRequirement where the packages for calls to this endpoint are not installed."""
    for package, extra in (("boto3", "aws"), ("moto", "moto")):
        if package == "moto" and endpoint_url != MOTO:
            continue
        if importlib.util.find_spec(package) is None:
            raise MissingRequirement(
                f"Calls of AWS services need the package {package}: pip install 'penstock[{extra}]'.",
                requirement=package,
            )


@lru_cache(maxsize=1024)
def botocore_name(service: str) -> str:
    """botocore's name of a service, from its name in a Resource (`sfn` → `stepfunctions`). Raises UnknownService."""
    known = _available()
    found = SERVICES.get(service) or (service if service in known.values() else known.get(service))
    if found is None:
        raise UnknownService(service)
    return found


@lru_cache(maxsize=1)
def _available() -> dict[str, str]:
    import botocore.loaders

    loader = botocore.loaders.Loader()
    return {name.replace("-", ""): name for name in loader.list_available_services("service-2")}


def operation_of(client: Any, action: str) -> Any:
    """botocore's OperationModel of an action of a Resource (`createDBInstance`). Raises UnknownService."""
    model = client.meta.service_model
    name = action[:1].upper() + action[1:]
    names = model.operation_names
    if name not in names:
        name = next((each for each in names if each.lower() == action.lower()), "")
        if not name:
            raise UnknownService(f"{model.service_name}:{action}")
    return model.operation_model(name)


def call(client: Any, operation: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Calls an operation with botocore's own parameters."""
    answer: dict[str, Any] = client._make_api_call(operation.name, request)
    return answer
