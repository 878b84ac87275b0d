"""Workflows composed from objects: states, chains, typed tasks. `from penstock import sfn as sf`."""

from penstock.sfn.chain import Chain
from penstock.sfn.conditions import Condition
from penstock.sfn.deployment import LogLevel, LogOptions
from penstock.sfn.distributed import (
    CsvDelimiter,
    CsvHeaders,
    IItemReader,
    ItemBatcher,
    ItemReader,
    ManifestType,
    OutputType,
    ResultWriter,
    ResultWriterV2,
    S3CsvItemReader,
    S3JsonItemReader,
    S3JsonLItemReader,
    S3ManifestItemReader,
    S3ObjectsItemReader,
    S3ParquetItemReader,
    Transformation,
    WriterConfig,
)
from penstock.sfn.durations import Duration, Timeout, WaitTime
from penstock.sfn.fragment import StateMachineFragment
from penstock.sfn.inputs import Jsonata, JsonPath, Result, TaskInput
from penstock.sfn.machine import App, Construct, DefinitionBody, Stack, StateMachine
from penstock.sfn.resources import Activity, Bucket, Function, Queue, Table, Topic
from penstock.sfn.states.base import Chainable, Nextable, State
from penstock.sfn.states.base import Chainable as IChainable
from penstock.sfn.states.base import Nextable as INextable
from penstock.sfn.states.choice import Choice
from penstock.sfn.states.maps import DistributedMap, Map, ProvideItems
from penstock.sfn.states.parallel import Parallel
from penstock.sfn.states.simple import CustomState, Fail, Pass, Succeed, Wait
from penstock.sfn.states.task import Credentials, Task, TaskRole
from penstock.sfn.words import (
    Errors,
    IntegrationPattern,
    JitterType,
    ProcessorMode,
    ProcessorType,
    QueryLanguage,
    StateMachineType,
)

__all__ = [
    "Activity",
    "App",
    "Bucket",
    "Chain",
    "Chainable",
    "Choice",
    "Condition",
    "Construct",
    "Credentials",
    "CsvDelimiter",
    "CsvHeaders",
    "CustomState",
    "DefinitionBody",
    "DistributedMap",
    "Duration",
    "Errors",
    "Fail",
    "Function",
    "IChainable",
    "IItemReader",
    "INextable",
    "IntegrationPattern",
    "ItemBatcher",
    "ItemReader",
    "JitterType",
    "JsonPath",
    "Jsonata",
    "LogLevel",
    "LogOptions",
    "ManifestType",
    "Map",
    "Nextable",
    "OutputType",
    "Parallel",
    "Pass",
    "ProcessorMode",
    "ProcessorType",
    "ProvideItems",
    "QueryLanguage",
    "Queue",
    "Result",
    "ResultWriter",
    "ResultWriterV2",
    "S3CsvItemReader",
    "S3JsonItemReader",
    "S3JsonLItemReader",
    "S3ManifestItemReader",
    "S3ObjectsItemReader",
    "S3ParquetItemReader",
    "Stack",
    "State",
    "StateMachine",
    "StateMachineFragment",
    "StateMachineType",
    "Succeed",
    "Table",
    "Task",
    "TaskInput",
    "TaskRole",
    "Timeout",
    "Topic",
    "Transformation",
    "Wait",
    "WaitTime",
    "WriterConfig",
]
