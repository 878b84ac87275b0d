"""Settings: flags, then `PENSTOCK_*`, then `penstock.toml` or `[tool.penstock]` in pyproject.toml, then defaults.

The nearest file counts, looking from the target's folder upwards, no further than the folder that holds `.git`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from penstock.errors import InvalidInput

if TYPE_CHECKING:
    from penstock.connections import Connection

DEFAULT_REGION = "us-east-1"
DEFAULT_ACCOUNT = "123456789012"
_HOST = re.compile(r"[A-Za-z0-9._-]{1,255}|(?=[^:]*:[^:]*:)[0-9A-Fa-f:.]{2,45}")
ENVIRONMENT = {
    "PENSTOCK_AWS_REGION": "region",
    "PENSTOCK_AWS_ACCOUNT": "account",
    "PENSTOCK_AWS_ENDPOINT_URL": "endpoint_url",
    "PENSTOCK_AWS_OBJECTS": "objects",
}
"""Variable → key of `[aws]`. `PENSTOCK_CONFIG` names the settings file itself."""


@dataclass(frozen=True, slots=True)
class AwsSettings:
    """`endpoint_url`: where SDK integrations go: a URL, "moto" (one in this process) or "aws" (Amazon itself); None refuses
    them, so that nothing reaches real AWS unasked. `objects`: a folder whose subfolders are the buckets that distributed Maps
    read from and write to; without it they use the S3 at `endpoint_url`."""

    region: str = DEFAULT_REGION
    account: str = DEFAULT_ACCOUNT
    endpoint_url: str | None = None
    objects: str | None = None


LOG_FORMATS = ("text", "json")
LOG_LEVELS = ("debug", "info", "warning", "error")
SERVER_ENVIRONMENT = {
    "PENSTOCK_SERVER_HOST": "host",
    "PENSTOCK_SERVER_PORT": "port",
    "PENSTOCK_SERVER_HOSTS": "hosts",
    "PENSTOCK_SERVER_DATA": "data",
    "PENSTOCK_SERVER_DB": "db",
    "PENSTOCK_LOG_FORMAT": "log_format",
    "PENSTOCK_LOG_LEVEL": "log_level",
}
"""Variable → key of `[server]`; `hosts` are separated by commas there."""


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """`host` and `port`: where it listens. `hosts`: names in `Host` that it answers under, beside those of the loopback.
    `data`: the folder of what it writes, such as the logs of executions. `db`: the database file of its machines and
    executions; without one they are in memory."""

    host: str = "127.0.0.1"
    port: int = 4599
    hosts: tuple[str, ...] = ()
    data: Path = Path(".penstock")
    db: Path | None = None
    log_format: str = "text"
    log_level: str = "warning"


@dataclass(frozen=True, slots=True)
class Settings:
    """`functions` maps a Lambda ARN or name to `module:callable`; `root` is the folder those modules are imported from;
    `file` the settings file, None where there is none."""

    functions: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    aws: AwsSettings = AwsSettings()
    file: Path | None = None
    root: Path = Path(".")
    connections: Mapping[str, Connection] = field(default_factory=lambda: MappingProxyType({}))
    """How HTTP tasks authorise themselves, by the connection's name or ARN."""
    server: ServerSettings = ServerSettings()

    def machine_arn(self, name: str) -> str:
        """The ARN that a machine of that name has in local runs."""
        return f"arn:aws:states:{self.aws.region}:{self.aws.account}:stateMachine:{name}"


def unqualified(machine_arn: str) -> str:
    """The ARN of the machine itself, of one that may name a version or an alias of it."""
    return ":".join(machine_arn.split(":", 7)[:7])


def load_settings(
    folder: Path | None = None,
    *,
    file: Path | None = None,
    environ: Mapping[str, str] | None = None,
    region: str | None = None,
    account: str | None = None,
    endpoint_url: str | None = None,
) -> Settings:
    """The settings for a target in `folder` (the current one by default).

    `file` names the settings file instead of looking for it; the last three are what flags gave. Raises InvalidInput with
    the file and the key for what cannot be used.
    """
    environ = os.environ if environ is None else environ
    folder = folder if folder is not None else Path.cwd()
    if file is None and environ.get("PENSTOCK_CONFIG"):
        file = Path(environ["PENSTOCK_CONFIG"])
    table: dict[str, Any] = {}
    if file is not None:
        table = _table(file, _parse(file))
    else:
        file, table = _find(folder)
    settings = _settings(table, file, folder)
    aws = settings.aws
    for variable, key in ENVIRONMENT.items():
        if environ.get(variable):
            # A file's folder is beside the file; the shell's is where the user is.
            value = os.path.abspath(environ[variable]) if key == "objects" else environ[variable]
            aws = _with(aws, key, value, where=variable)
    for key, flag in (("region", region), ("account", account), ("endpoint_url", endpoint_url)):
        if flag is not None:
            aws = _with(aws, key, flag, where=f"--{key.replace('_', '-')}")
    server = settings.server
    for variable, key in SERVER_ENVIRONMENT.items():
        if environ.get(variable):
            text: Any = environ[variable]
            if key == "port" and text.isascii() and text.isdigit():
                text = int(text)
            elif key == "hosts":
                text = [host.strip() for host in text.split(",")]
            server = _with_server(server, key, text, where=variable, folder=Path.cwd())
    return replace(settings, aws=aws, server=server)


def with_aws(settings: Settings, values: Mapping[str, Any]) -> Settings:
    """The settings with these keys of `[aws]`. Raises InvalidInput."""
    _known(dict(values), _AWS_KEYS, "aws")
    aws = settings.aws
    for key, value in values.items():
        if key == "endpoint_url" and value is None:
            aws = replace(aws, endpoint_url=None)
            continue
        if not isinstance(value, str):
            raise InvalidInput(f"aws: {key!r} is a text, not {value!r}.")
        aws = _with(aws, key, value, where=f"aws: {key!r}")
    return replace(settings, aws=aws)


def _find(folder: Path) -> tuple[Path | None, dict[str, Any]]:
    here = Path(os.path.abspath(folder))
    for each in (here, *here.parents):
        own = each / "penstock.toml"
        if own.is_file():
            return own, _parse(own)
        project = each / "pyproject.toml"
        if project.is_file() and "[tool.penstock" in (text := _read(project)):
            return project, _table(project, _parse(project, text))
        if (each / ".git").exists():
            break
    return None, {}


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except OSError as error:
        raise InvalidInput(f"The settings file {file} cannot be read: {error.strerror or error}.") from None
    except UnicodeDecodeError as error:
        raise InvalidInput(
            f"The settings file {file} is not UTF-8 text (byte {error.start}); save it as UTF-8."
        ) from None


def _parse(file: Path, text: str | None = None) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(_read(file) if text is None else text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"{file} is not TOML: {str(error).rstrip('.')}.") from None
    except RecursionError:
        raise InvalidInput(f"{file} is nested too deeply; flatten it.") from None


def _table(file: Path, parsed: dict[str, Any]) -> dict[str, Any]:
    if file.name != "pyproject.toml":
        return parsed
    tool = parsed.get("tool", {})
    table = tool.get("penstock", {}) if isinstance(tool, dict) else {}
    if not isinstance(table, dict):
        raise InvalidInput(f"{file}: `tool.penstock` is a table, not {_kind(table)}.")
    return table


_AWS_KEYS = ("region", "account", "endpoint_url", "objects")


def _settings(table: dict[str, Any], file: Path | None, folder: Path) -> Settings:
    if file is None:
        return Settings(root=folder)
    _known(table, ("functions", "aws", "connections", "server"), f"{file}")
    functions: dict[str, str] = {}
    for name, target in _section(table, "functions", file).items():
        if not isinstance(target, str):
            raise InvalidInput(f"{file}: `functions.{name}` is a text `module:callable`, not {_kind(target)}.")
        module, _, attribute = target.partition(":")
        if (
            not module
            or not attribute
            or not all(part.isidentifier() for part in (*module.split("."), *attribute.split(".")))
        ):
            raise InvalidInput(f"{file}: `functions.{name}` has the form `module:callable`; {target!r} has not.")
        functions[name] = target
    section = _section(table, "aws", file)
    _known(section, _AWS_KEYS, f"{file}: [aws]")
    aws = AwsSettings()
    for key, value in section.items():
        if not isinstance(value, str):
            hint = " Write it between quotes." if key == "account" and isinstance(value, int) else ""
            raise InvalidInput(f"{file}: `aws.{key}` is a text, not {_kind(value)}.{hint}")
        aws = _with(aws, key, value, where=f"{file}: `aws.{key}`")
    server = ServerSettings()
    given = _section(table, "server", file)
    _known(given, tuple(SERVER_ENVIRONMENT.values()), f"{file}: [server]")
    for key, value in given.items():
        server = _with_server(server, key, value, where=f"{file}: `server.{key}`", folder=file.parent)
    connections: Mapping[str, Connection] = MappingProxyType({})
    if "connections" in table:
        from penstock.connections import read_connections

        connections = MappingProxyType(read_connections(_section(table, "connections", file), str(file)))
    return Settings(MappingProxyType(functions), aws, file, file.parent, connections, server)


def _section(table: dict[str, Any], key: str, file: Path) -> dict[str, Any]:
    section = table.get(key, {})
    if not isinstance(section, dict):
        raise InvalidInput(f"{file}: `{key}` is a table ([{key}]), not {_kind(section)}.")
    return section


def _known(table: dict[str, Any], keys: tuple[str, ...], where: str) -> None:
    for key in table:
        if key not in keys:
            close = get_close_matches(key, keys, 1)
            hint = f"did you mean `{close[0]}`?" if close else f"known keys: {', '.join(keys)}."
            raise InvalidInput(f"{where} has an unknown key `{key}`; {hint}")


def _with(aws: AwsSettings, key: str, value: str, *, where: str) -> AwsSettings:
    if key == "region":
        if not value or not all(c.isascii() and (c.isalnum() or c == "-") for c in value):
            raise InvalidInput(f"{where} is the name of a region such as {DEFAULT_REGION}; {value!r} is not.")
        return replace(aws, region=value)
    if key == "account":
        if len(value) != 12 or not (value.isascii() and value.isdigit()):
            raise InvalidInput(f"{where} is an account number of 12 digits; {value!r} is not.")
        return replace(aws, account=value)
    if key == "objects":
        if not value or "\0" in value:
            raise InvalidInput(f"{where} is a folder; {value!r} is none.")
        return replace(aws, objects=value)
    if value not in ("aws", "moto") and not value.startswith(("http://", "https://")):
        raise InvalidInput(
            f'{where} is a URL (http://127.0.0.1:5000), "moto", or "aws" for Amazon itself; {value!r} is none of them.'
        )
    return replace(aws, endpoint_url=value)


def _with_server(server: ServerSettings, key: str, value: Any, *, where: str, folder: Path) -> ServerSettings:
    if key == "port":
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 65535:
            raise InvalidInput(f"{where} is a port, 0 to 65535 (0 takes a free one); {value!r} is none.")
        return replace(server, port=value)
    if key == "hosts":
        if not isinstance(value, list) or not all(isinstance(host, str) and is_host(host) for host in value):
            raise InvalidInput(f"{where} is a list of host names without ports; {value!r} is none.")
        return replace(server, hosts=tuple(value))
    if not isinstance(value, str) or not value or "\0" in value:
        raise InvalidInput(f"{where} is a text, not {_kind(value) if not isinstance(value, str) else repr(value)}.")
    if key == "data":
        return replace(server, data=folder / value)
    if key == "db":
        return replace(server, db=folder / value)
    if key == "host":
        return replace(server, host=value)
    known = LOG_FORMATS if key == "log_format" else LOG_LEVELS
    if value not in known:
        raise InvalidInput(f"{where} is one of {', '.join(known)}; {value!r} is not.")
    return replace(server, log_format=value) if key == "log_format" else replace(server, log_level=value)


def is_host(text: str) -> bool:
    """Whether the text can be the name in a Host header, without its port; an IPv6 address is one without its brackets."""
    return _HOST.fullmatch(text) is not None


def _kind(value: Any) -> str:
    kinds = {
        bool: "true or false",
        int: "a number",
        float: "a number",
        str: "a text",
        list: "an array",
        dict: "a table",
    }
    return kinds.get(type(value), "a date")
