"""Operations on functions: create, update, describe, list, delete; and functions that the user's own files hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from penstock.errors import ServiceError
from penstock.services.lambda_.code import folder
from penstock.services.lambda_.paging import page
from penstock.services.lambda_.records import Code, Function, Registration, Revision, Version
from penstock.services.lambda_.state import CONFLICT, INVALID, LATEST, NOT_FOUND, Answer, Parameters, State

RESERVED: Final = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
    }
)
"""Environment variables that Lambda sets itself (Developer Guide, "Defined runtime environment variables")."""
ENVIRONMENT_BYTES: Final = 4096

HOT_RELOAD: Final = "hot-reload"
"""A bucket's name that other local emulators know: the key is a folder of this machine, used where it stands."""

_MEMBERS: Final = (
    "Architectures",
    "DeadLetterConfig",
    "Description",
    "Environment",
    "EphemeralStorage",
    "FileSystemConfigs",
    "Handler",
    "ImageConfig",
    "KMSKeyArn",
    "Layers",
    "LoggingConfig",
    "MemorySize",
    "Role",
    "Runtime",
    "SnapStart",
    "Timeout",
    "TracingConfig",
    "VpcConfig",
)
"""What Create and UpdateFunctionConfiguration have in common."""

_MOST = (("Timeout", "timeout", 900), ("MemorySize", "memorySize", 10_240))
"""Seconds and MB of a function without a capacity provider; the model's own limits, 5,400 and 32,768, are those of one with it.
Message and code as CloudFormation passes them on for a Timeout that is too long."""


def create_function(state: State, given: Parameters) -> Answer:
    name, asked = state.reference(given)
    if asked is not None:
        raise ServiceError(
            f"1 validation error detected: Value '{given['FunctionName']}' at 'functionName' failed to "
            "satisfy constraint: a function is created without a qualifier",
            code="ValidationException",
        )
    package = given.get("PackageType", "Zip")
    if package == "Zip" and not (given.get("Runtime") and given.get("Handler")):
        raise ServiceError(
            "Runtime and Handler are mandatory parameters for functions created with deployment packages.", code=INVALID
        )
    settings = {
        "Description": "",
        "Timeout": 3,
        "MemorySize": 128,
        "PackageType": package,
        "Architectures": ["x86_64"],
        "EphemeralStorage": {"Size": 512},
        "TracingConfig": {"Mode": "PassThrough"},
        "SnapStart": {"ApplyOn": "None"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"},
        **_settings(given),
    }
    arn = f"{state.prefix}:{name}"
    with state.lock:
        if state.repository.functions.get(arn) is not None:
            raise ServiceError(f"Function already exist: {name}", code=CONFLICT)
        code = _code(state, given["Code"], settings, package)
        function = Function(
            arn=arn, name=name, revision=_revision(state, settings, code), tags=dict(given.get("Tags", {}))
        )
        state.repository.functions.put(function)
        if given.get("Publish"):
            return describe_version(publish(state, function, None), name)
    return describe(function)


def update_function_code(state: State, given: Parameters) -> Answer:
    with state.lock:
        function = _own(state, given)
        before = function.revision
        settings = dict(before.settings)
        if "Architectures" in given:
            settings["Architectures"] = given["Architectures"]
        code = _code(state, given, settings, settings.get("PackageType", "Zip"))
        if given.get("DryRun"):
            return describe(replace(function, revision=_revision(state, settings, code)))
        function = _change(state, function, settings, code)
        state.discard(before.code)
        if given.get("Publish"):
            return describe_version(publish(state, function, None), function.name)
    return describe(function)


def update_function_configuration(state: State, given: Parameters) -> Answer:
    with state.lock:
        function = _own(state, given)
        settings = {**function.revision.settings, **_settings(given)}
        code = function.revision.code
        problem = unsupported(settings.get("Runtime"), settings.get("PackageType", "Zip"))
        return describe(_change(state, function, settings, replace(code, problem=problem)))


def get_function(state: State, given: Parameters) -> Answer:
    resolved = state.resolve(given)
    function, code = resolved.function, resolved.revision.code
    answer: Answer = {
        "Configuration": _configuration(resolved.revision, function.name, resolved.arn, resolved.executed),
        "Code": {"RepositoryType": "S3", "Location": Path(code.root).absolute().as_uri()},
    }
    if function.tags:
        answer["Tags"] = dict(function.tags)
    if function.reserved is not None:
        answer["Concurrency"] = {"ReservedConcurrentExecutions": function.reserved}
    return answer


def get_function_configuration(state: State, given: Parameters) -> Answer:
    resolved = state.resolve(given)
    return _configuration(resolved.revision, resolved.function.name, resolved.arn, resolved.executed)


def list_functions(state: State, given: Parameters) -> Answer:
    functions = sorted(state.repository.functions.of(""), key=lambda function: function.name)
    entries: list[tuple[str, Answer]] = []
    for function in functions:
        shown = describe(function)
        if given.get("FunctionVersion") == "ALL":
            shown["FunctionArn"] += f":{LATEST}"
        entries.append((f"{function.name} 0", shown))
        if given.get("FunctionVersion") == "ALL":
            entries += [
                (f"{function.name} {version.number:09d}", describe_version(version, function.name))
                for version in state.versions(function)
            ]
    return page("Functions", entries, given)


def delete_function(state: State, given: Parameters) -> Answer:
    with state.lock:
        function, asked = state.function(given)
        if asked == LATEST:
            raise ServiceError("$LATEST version cannot be deleted without deleting the function.", code=INVALID)
        if asked is not None:
            _delete_version(state, function, asked)
            return {"StatusCode": 204}
        codes = forget(state, function)
        state.environments.forget(function.arn)
        for code in codes:
            state.discard(code)
    return {"StatusCode": 204}


def forget(state: State, function: Function) -> list[Code]:
    """Deletes a function and all that belongs to it; the code that it had."""
    tables = state.repository
    codes = [function.revision.code, *(version.revision.code for version in state.versions(function))]
    for version in state.versions(function):
        tables.versions.delete(version.arn)
    for alias in tables.aliases.of(function.arn):
        tables.aliases.delete(alias.arn)
    for policy in tables.policies.of(function.arn):
        tables.policies.delete(policy.arn)
    for config in tables.event_configs.of(function.arn):
        tables.event_configs.delete(config.arn)
    tables.functions.delete(function.arn)
    return codes


def forget_local(state: State) -> None:
    """At the start with a store: functions of the user's files come anew, and code that nobody has goes."""
    for function in list(state.repository.functions.of("")):
        if function.local:
            forget(state, function)
    functions = list(state.repository.functions.of(""))
    codes = [function.revision.code for function in functions]
    codes += [version.revision.code for function in functions for version in state.versions(function)]
    state.store.keep_only(codes)


def _delete_version(state: State, function: Function, asked: str) -> None:
    arn = f"{function.arn}:{asked}"
    version = state.repository.versions.get(arn)
    if version is None:
        return  # as at AWS, where deleting is idempotent for versions
    users = [a.name for a in state.repository.aliases.of(function.arn) if asked in (a.version, *a.weights)]
    if users:
        raise ServiceError(
            f"Version {asked} is used by the aliases {users}; update or delete them first.", code=CONFLICT
        )
    state.repository.versions.delete(arn)
    state.environments.forget(arn)
    state.discard(version.revision.code)


def register(state: State, registration: Registration) -> Function:
    """Adds a function of the user's own files, or puts it in the place of the one with its name."""
    root = registration.root.absolute()
    if registration.archive is not None:
        code = state.store.unpack(registration.archive.read_bytes())
    elif registration.source is not None:
        code = state.store.text(registration.handler.partition(".")[0] or "index", registration.source)
    elif registration.problem is not None:
        code = Code(root=str(root), sha256="", size=0)
    else:
        code = folder(root)
    search = tuple(str(each.absolute()) for each in registration.search)
    code = replace(code, search=search, problem=registration.problem, hint=registration.hint)
    settings: dict[str, Any] = {
        "Description": registration.description,
        "Handler": registration.handler,
        "Runtime": registration.runtime,
        "Role": f"arn:aws:iam::{state.account}:role/penstock",
        "Timeout": registration.timeout,
        "MemorySize": registration.memory,
        "PackageType": "Zip",
        "Architectures": ["x86_64"],
        "EphemeralStorage": {"Size": 512},
        "TracingConfig": {"Mode": "PassThrough"},
    }
    if registration.environment:
        settings["Environment"] = {"Variables": dict(registration.environment)}
    if registration.layers:
        settings["Layers"] = [{"Arn": arn, "CodeSize": 0} for arn in registration.layers]
    arn = f"{state.prefix}:{registration.name}"
    with state.lock:
        function = state.repository.functions.get(arn)
        if function is None:
            function = Function(
                arn=arn,
                name=registration.name,
                revision=_revision(state, settings, code),
                tags=dict(registration.tags),
                local=True,
            )
            state.repository.functions.put(function)
        else:
            function = _change(state, replace(function, local=True), settings, code)
    return function


def publish(state: State, function: Function, description: str | None) -> Version:
    """A version of the function as it is; the last one where nothing has changed since. Called under the lock."""
    last = state.repository.versions.get(f"{function.arn}:{function.last_version}")
    if last is not None and last.published_from == function.revision.id:
        return last
    number = function.last_version + 1
    settings = dict(function.revision.settings)
    if description is not None:
        settings["Description"] = description
    version = Version(
        arn=f"{function.arn}:{number}",
        number=number,
        function_arn=function.arn,
        revision=_revision(state, settings, function.revision.code),
        published_from=function.revision.id,
    )
    state.repository.versions.put(version)
    state.repository.functions.put(replace(function, last_version=number))
    return version


def describe(function: Function) -> Answer:
    """FunctionConfiguration of the unpublished version."""
    return _configuration(function.revision, function.name, function.arn, LATEST)


def describe_version(version: Version, name: str) -> Answer:
    return _configuration(version.revision, name, version.arn, str(version.number))


def _configuration(revision: Revision, name: str, arn: str, version: str) -> Answer:
    settings = {key: value for key, value in revision.settings.items() if key != "ImageConfig"}
    return {
        "FunctionName": name,
        "FunctionArn": arn,
        **settings,
        "CodeSize": revision.code.size,
        "CodeSha256": revision.code.sha256,
        "LastModified": revision.modified,
        "Version": version,
        "RevisionId": revision.id,
        "State": "Active",
        "LastUpdateStatus": "Successful",
    }


def unsupported(runtime: str | None, package: str) -> str | None:
    """Why a function cannot run on this machine, or None."""
    if package == "Image":
        return "This function is a container image, and Penstock runs no containers: mock it, or give it Python code."
    if runtime is None or not runtime.startswith("python"):
        return f"This function's runtime is {runtime}, and Penstock runs Python functions only: mock it."
    return None


def _own(state: State, given: Parameters) -> Function:
    """The function that a request changes. Raises ServiceError for a version, and for a wrong RevisionId."""
    function, asked = state.function(given)
    if asked is not None and asked != LATEST:
        raise ServiceError(
            f"This operation is not permitted on function versions: {function.arn}:{asked}", code=INVALID
        )
    wanted = given.get("RevisionId")
    if wanted is not None and wanted != function.revision.id:
        raise ServiceError(
            "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to "
            "retrieve the latest Revision Id",
            code="PreconditionFailedException",
        )
    return function


def _change(state: State, function: Function, settings: Mapping[str, Any], code: Code) -> Function:
    function = replace(function, revision=_revision(state, settings, code))
    state.repository.functions.put(function)
    state.environments.forget(f"{function.arn}:{LATEST}")
    return function


def _revision(state: State, settings: Mapping[str, Any], code: Code) -> Revision:
    return Revision(id=state.entropy.uuid4(), settings=settings, code=code, modified=state.now())


def _settings(given: Parameters) -> dict[str, Any]:
    """What a request sets of a function's configuration. Raises ServiceError: InvalidParameterValueException, ValidationException."""
    settings = {name: given[name] for name in _MEMBERS if name in given}
    if "CapacityProviderConfig" not in given:
        for member, at, most in _MOST:
            if settings.get(member, 0) > most:
                raise ServiceError(
                    f"1 validation error detected: Value '{settings[member]}' at '{at}' failed to satisfy constraint: Member "
                    f"must have value less than or equal to {most}",
                    code="ValidationException",
                )
    if "Environment" in settings:
        _check_environment(settings["Environment"].get("Variables", {}))
    if "Layers" in settings:
        settings["Layers"] = [{"Arn": arn, "CodeSize": 0} for arn in settings["Layers"]]
    return settings


def _check_environment(variables: Mapping[str, str]) -> None:
    words = (
        "Lambda was unable to configure your environment variables because the environment variables you have provided"
    )
    reserved = [name for name in variables if name in RESERVED]
    if reserved:
        raise ServiceError(
            f"{words} contains reserved keys that are currently not supported for modification. Reserved keys used in this "
            f"request: {', '.join(reserved)}",
            code=INVALID,
        )
    text = "{" + ",".join(f'"{name}":"{value}"' for name, value in variables.items()) + "}"
    if len(text.encode("utf-8", "surrogatepass")) > ENVIRONMENT_BYTES:
        raise ServiceError(f"{words} exceeded the 4KB limit. String measured: {text}", code=INVALID)


def _code(state: State, given: Parameters, settings: Mapping[str, Any], package: str) -> Code:
    """The code of a request: an archive in it, one in S3, a folder of this machine. Raises ServiceError."""
    problem = unsupported(settings.get("Runtime"), package)
    if package == "Image":
        if not given.get("ImageUri"):
            raise ServiceError("Please provide ImageUri when updating a function with packageType Image.", code=INVALID)
        return Code(root=str(Path.cwd()), sha256="", size=0, problem=problem)
    if "ZipFile" in given:
        return replace(state.store.unpack(given["ZipFile"]), problem=problem)
    bucket, key = given.get("S3Bucket"), given.get("S3Key")
    if not bucket or not key:
        raise ServiceError("Please provide a source for function code.", code=INVALID)
    if bucket == HOT_RELOAD:
        if not Path(key).is_dir():
            raise ServiceError(f"There is no folder {key} on this machine.", code=INVALID)
        return folder(Path(key).absolute(), problem=problem)
    return replace(state.store.unpack(_from_s3(state, bucket, key, given.get("S3ObjectVersion"))), problem=problem)


def _from_s3(state: State, bucket: str, key: str, version: str | None) -> bytes:
    if state.endpoint_url is None:
        raise ServiceError(
            f"The code is in s3://{bucket}/{key}, and no endpoint_url under [aws] of penstock.toml says where S3 is. Set it, or "
            "send the archive itself (ZipFile).",
            code=INVALID,
        )
    from penstock.engine.tasks.aws.client import require, shared_clients

    require(state.endpoint_url)
    from botocore.exceptions import BotoCoreError, ClientError

    client = shared_clients(state.endpoint_url, state.region, state.account).client("s3")
    try:
        found = client.get_object(Bucket=bucket, Key=key, **({"VersionId": version} if version else {}))
        data: bytes = found["Body"].read()
    except ClientError as error:
        told = error.response["Error"]
        raise ServiceError(
            f"Error occurred while GetObject. S3 Error Code: {told['Code']}. S3 Error Message: {told.get('Message', '')}",
            code=INVALID,
        ) from None
    except BotoCoreError as error:
        raise ServiceError(f"Error occurred while GetObject: {error}", code=INVALID) from None
    return data


def tags_of(state: State, arn: str) -> Function:
    """The function whose tags a request means. Raises ServiceError ResourceNotFoundException."""
    function = state.repository.functions.get(arn)
    if function is None:
        raise ServiceError(f"Function not found: {arn}", code=NOT_FOUND)
    return function


def list_tags(state: State, given: Parameters) -> Answer:
    return {"Tags": dict(tags_of(state, given["Resource"]).tags)}


def tag_resource(state: State, given: Parameters) -> Answer:
    return _retag(state, given, given["Tags"], ())


def untag_resource(state: State, given: Parameters) -> Answer:
    return _retag(state, given, {}, given["TagKeys"])


def _retag(state: State, given: Parameters, added: Mapping[str, str], removed: Iterable[str]) -> Answer:
    with state.lock:
        function = tags_of(state, given["Resource"])
        gone = frozenset(removed)
        tags = {key: value for key, value in {**function.tags, **added}.items() if key not in gone}
        if len(tags) > 50:
            raise ServiceError("The number of tags exceeds the limit of 50.", code=INVALID)
        state.repository.functions.put(replace(function, tags=tags))
    return {}
