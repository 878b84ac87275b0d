"""What else is set of a function: asynchronous calls, concurrency; and what clients ask after as a matter of course."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from penstock.errors import ServiceError
from penstock.services.lambda_.code import UNZIPPED_BYTES, ZIPPED_BYTES
from penstock.services.lambda_.paging import page
from penstock.services.lambda_.records import EventConfig, Function
from penstock.services.lambda_.state import INVALID, LATEST, NOT_FOUND, Answer, Parameters, State

CONCURRENCY: Final = 1000
UNRESERVED: Final = 100
"""Concurrent executions of an account, and how many of them cannot be reserved ("Lambda quotas" in the Developer Guide, written
down from memory)."""


def put_function_event_invoke_config(state: State, given: Parameters) -> Answer:
    return _set_event_config(state, given, None)


def update_function_event_invoke_config(state: State, given: Parameters) -> Answer:
    with state.lock:
        return _set_event_config(state, given, _event_config(state, given))


def get_function_event_invoke_config(state: State, given: Parameters) -> Answer:
    return _shown(_event_config(state, given))


def delete_function_event_invoke_config(state: State, given: Parameters) -> Answer:
    with state.lock:
        state.repository.event_configs.delete(_event_config(state, given).arn)
    return {}


def list_function_event_invoke_configs(state: State, given: Parameters) -> Answer:
    function, _ = state.function(given)
    configs = sorted(state.repository.event_configs.of(function.arn), key=lambda config: config.arn)
    return page("FunctionEventInvokeConfigs", ((config.arn, _shown(config)) for config in configs), given)


def _set_event_config(state: State, given: Parameters, before: EventConfig | None) -> Answer:
    if not any(name in given for name in ("MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig")):
        raise ServiceError("You must specify at least one of error handling or destination setting.", code=INVALID)
    with state.lock:
        function, asked = state.function(given)
        state.qualified(function, asked)
        config = EventConfig(
            arn=f"{function.arn}:{asked or LATEST}",
            function_arn=function.arn,
            retries=given.get("MaximumRetryAttempts", before.retries if before else None),
            age=given.get("MaximumEventAgeInSeconds", before.age if before else None),
            destinations=given.get("DestinationConfig", before.destinations if before else {}),
            modified=state.clock.now(),
        )
        state.repository.event_configs.put(config)
    return _shown(config)


def _event_config(state: State, given: Parameters) -> EventConfig:
    function, asked = state.function(given)
    arn = f"{function.arn}:{asked or LATEST}"
    config = state.repository.event_configs.get(arn)
    if config is None:
        raise ServiceError(f"The function {arn} doesn't have an EventInvokeConfig", code=NOT_FOUND)
    return config


def _shown(config: EventConfig) -> Answer:
    answer: Answer = {
        "FunctionArn": config.arn,
        "LastModified": datetime.fromtimestamp(config.modified, UTC),
        "DestinationConfig": {"OnSuccess": {}, "OnFailure": {}, **config.destinations},
    }
    if config.retries is not None:
        answer["MaximumRetryAttempts"] = config.retries
    if config.age is not None:
        answer["MaximumEventAgeInSeconds"] = config.age
    return answer


def put_function_concurrency(state: State, given: Parameters) -> Answer:
    with state.lock:
        function, _ = state.function(given)
        wanted = given["ReservedConcurrentExecutions"]
        others = sum(f.reserved or 0 for f in state.repository.functions.of("") if f.arn != function.arn)
        if others + wanted > CONCURRENCY - UNRESERVED:
            raise ServiceError(
                "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below "
                f"its minimum value of [{UNRESERVED}].",
                code=INVALID,
            )
        state.repository.functions.put(replace(function, reserved=wanted))
    return {"ReservedConcurrentExecutions": wanted}


def get_function_concurrency(state: State, given: Parameters) -> Answer:
    function, _ = state.function(given)
    return {} if function.reserved is None else {"ReservedConcurrentExecutions": function.reserved}


def delete_function_concurrency(state: State, given: Parameters) -> Answer:
    with state.lock:
        function, _ = state.function(given)
        state.repository.functions.put(replace(function, reserved=None))
    return {}


# ---- asked after by Terraform and the like; there is nothing of it here


def get_account_settings(state: State, given: Parameters) -> Answer:
    functions = list(state.repository.functions.of(""))
    reserved = sum(function.reserved or 0 for function in functions)
    return {
        "AccountLimit": {
            "TotalCodeSize": 80_530_636_800,
            "CodeSizeUnzipped": UNZIPPED_BYTES,
            "CodeSizeZipped": ZIPPED_BYTES,
            "ConcurrentExecutions": CONCURRENCY,
            "UnreservedConcurrentExecutions": CONCURRENCY - reserved,
        },
        "AccountUsage": {
            "TotalCodeSize": sum(function.revision.code.size for function in functions),
            "FunctionCount": len(functions),
        },
    }


def get_function_code_signing_config(state: State, given: Parameters) -> Answer:
    return {"CodeSigningConfigArn": "", "FunctionName": _named(state, given).name}


def get_runtime_management_config(state: State, given: Parameters) -> Answer:
    return {"UpdateRuntimeOn": "Auto", "FunctionArn": _named(state, given).arn}


def get_function_recursion_config(state: State, given: Parameters) -> Answer:
    _named(state, given)
    return {"RecursiveLoop": "Terminate"}


def get_function_url_config(state: State, given: Parameters) -> Answer:
    _named(state, given)
    raise ServiceError("The resource you requested does not exist.", code=NOT_FOUND)


def list_event_source_mappings(state: State, given: Parameters) -> Answer:
    return {"EventSourceMappings": []}


def list_layers(state: State, given: Parameters) -> Answer:
    return {"Layers": []}


def list_provisioned_concurrency_configs(state: State, given: Parameters) -> Answer:
    _named(state, given)
    return {"ProvisionedConcurrencyConfigs": []}


def get_provisioned_concurrency_config(state: State, given: Parameters) -> Answer:
    function = _named(state, given)
    raise ServiceError(
        f"No Provisioned Concurrency Config found for this function: {function.arn}:{given.get('Qualifier', '')}",
        code="ProvisionedConcurrencyConfigNotFoundException",
    )


def list_function_url_configs(state: State, given: Parameters) -> Answer:
    _named(state, given)
    return {"FunctionUrlConfigs": []}


def _named(state: State, given: Parameters) -> Function:
    return state.function(given)[0]
