"""Readers, batchers and writers of distributed Maps as the calls that make them. Raises ValueError for what has no class."""

from __future__ import annotations

from typing import Any

from penstock.asl import model
from penstock.asl.model import UNSET
from penstock.sfn import distributed as made_of
from penstock.sfn.importing.values import Made, call, literal


def _bucket(where: Any, template: Any) -> dict[str, Made]:
    if not isinstance(where, dict):
        raise ValueError("a place that is no object")
    found: dict[str, Made] = {}
    for key, value in where.items():
        name = {"Bucket": "bucket", "Bucket.$": "bucket_name_path", "Key": "key", "Key.$": "key"}.get(key)
        name = name or {"Prefix": "prefix", "Prefix.$": "prefix"}.get(key)
        if name is None:
            raise ValueError(f"a place with {key}")
        found[name] = next(iter(_values(template({key: value}))))
    return found


def _values(made: Made) -> list[Made]:
    """The one value of an object that was made."""
    ((_, value),) = made.value.items()
    code = made.code.strip("{}\n ").split(": ", 1)[1].rstrip(",\n ")
    return [Made(value, code)]


def _called(cls: type, arguments: dict[str, Made]) -> Made:
    values = {key: each.value for key, each in arguments.items()}
    return Made(cls(**values), call(f"sf.{cls.__name__}", [(key, each.code) for key, each in arguments.items()]))


def reader(given: model.ItemReader, template: Any) -> Made:
    arguments = _bucket(given.parameters if given.parameters is not UNSET else given.arguments, template)
    config = given.reader_config if given.reader_config is not UNSET else model.ReaderConfig()
    cls: type = made_of.S3ObjectsItemReader
    if not str(given.resource).endswith("listObjectsV2"):
        cls = {
            "JSON": made_of.S3JsonItemReader,
            "JSONL": made_of.S3JsonLItemReader,
            "CSV": made_of.S3CsvItemReader,
            "PARQUET": made_of.S3ParquetItemReader,
            "MANIFEST": made_of.S3ManifestItemReader,
        }[str(config.input_type)]
    for name in ("max_items", "max_items_path", "items_pointer", "transformation"):
        if getattr(config, name) is not UNSET:
            arguments[name] = literal(getattr(config, name))
    if config.csv_headers is not UNSET:
        names = list(config.csv_headers)
        arguments["csv_headers"] = Made(made_of.CsvHeaders.use(names), f"sf.CsvHeaders.use({literal(names).code})")
    if config.csv_delimiter is not UNSET:
        delimiter = made_of.CsvDelimiter(config.csv_delimiter)
        arguments["csv_delimiter"] = Made(delimiter, f"sf.CsvDelimiter.{delimiter.name}")
    if config.manifest_type is not UNSET:
        kind = made_of.ManifestType(config.manifest_type)
        arguments["manifest_type"] = Made(kind, f"sf.ManifestType.{kind.name}")
    return _called(cls, arguments)


def batcher(given: model.ItemBatcher, template: Any) -> Made:
    arguments: dict[str, Made] = {}
    for name in (
        "max_items_per_batch",
        "max_items_per_batch_path",
        "max_input_bytes_per_batch",
        "max_input_bytes_per_batch_path",
    ):
        if getattr(given, name) is not UNSET:
            arguments[name] = literal(getattr(given, name))
    if given.batch_input is not UNSET:
        arguments["batch_input"] = template(given.batch_input)
    return _called(made_of.ItemBatcher, arguments)


def writer(given: model.ResultWriter, template: Any) -> Made:
    where = given.parameters if given.parameters is not UNSET else given.arguments
    arguments = _bucket(where, template) if where is not UNSET else {}
    if given.writer_config is not UNSET:
        config = given.writer_config
        output, transformation = made_of.OutputType(config.output_type), made_of.Transformation(config.transformation)
        arguments["writer_config"] = Made(
            made_of.WriterConfig(output_type=output, transformation=transformation),
            f"sf.WriterConfig(output_type=sf.OutputType.{output.name}, transformation=sf.Transformation.{transformation.name})",
        )
    return _called(made_of.ResultWriterV2, arguments)
