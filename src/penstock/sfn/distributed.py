"""Where a DistributedMap's items come from, how they are batched, and where its results go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, ClassVar, TypeAlias

from penstock.asl import model
from penstock.sfn.problems import Wrong
from penstock.sfn.resources import BucketLike, bucket_name
from penstock.sfn.values import JSONATA, compact, path_text, render


class CsvDelimiter(Enum):
    COMMA = "COMMA"
    PIPE = "PIPE"
    SEMICOLON = "SEMICOLON"
    SPACE = "SPACE"
    TAB = "TAB"


class CsvHeaderLocation(Enum):
    FIRST_ROW = "FIRST_ROW"
    GIVEN = "GIVEN"


class CsvHeaders:
    """Where a CSV file's column names are."""

    def __init__(self, header_location: CsvHeaderLocation, headers: Sequence[str] | None = None) -> None:
        self.header_location = header_location
        self.headers = headers

    @classmethod
    def use_first_row(cls) -> CsvHeaders:
        return cls(CsvHeaderLocation.FIRST_ROW)

    @classmethod
    def use(cls, headers: Sequence[str]) -> CsvHeaders:
        return cls(CsvHeaderLocation.GIVEN, list(headers))


class ManifestType(Enum):
    S3_INVENTORY = "S3_INVENTORY"
    ATHENA_DATA = "ATHENA_DATA"


class _Bucket:
    """A bucket, or a path to its name."""

    def __init__(self, bucket: BucketLike | None, bucket_name_path: str | None) -> None:
        self.bucket = bucket
        self.bucket_name_path = bucket_name_path

    def _bucket(self, *, needed: bool = True) -> Any:
        if self.bucket is not None and self.bucket_name_path is not None:
            raise Wrong("PS720", "both `bucket` and `bucket_name_path` are given", help="give one of the two")
        if self.bucket_name_path is not None:
            return self.bucket_name_path
        if self.bucket is None:
            if needed:
                raise Wrong("PS722", "the bucket is missing", help="give `bucket` or `bucket_name_path`")
            return None
        return bucket_name(self.bucket)


class ItemReader(_Bucket):
    """The base of all readers."""

    ACTION: ClassVar[str] = "getObject"
    INPUT_TYPE: ClassVar[str | None] = None

    def __init__(
        self,
        *,
        bucket: BucketLike | None = None,
        bucket_name_path: str | None = None,
        max_items: int | str | None = None,
        max_items_path: str | None = None,
    ) -> None:
        super().__init__(bucket, bucket_name_path)
        self.max_items = max_items
        self.max_items_path = max_items_path

    def _parameters(self) -> dict[str, Any]:
        return {"Bucket": self._bucket()}

    def _config(self) -> dict[str, Any]:
        return compact(
            input_type=self.INPUT_TYPE,
            max_items=self.max_items,
            max_items_path=None if self.max_items_path is None else path_text(self.max_items_path, "max_items_path"),
        )

    def build(self, language: str) -> model.ItemReader:
        """The model's reader. Raises Wrong."""
        config = self._config()
        fields: dict[str, Any] = {"resource": f"arn:aws:states:::s3:{self.ACTION}"}
        if config:
            fields["reader_config"] = model.ReaderConfig(**config)
        fields["arguments" if language == JSONATA else "parameters"] = render(self._parameters(), language)
        return model.ItemReader(**fields)


class S3ObjectsItemReader(ItemReader):
    """The list of objects of a bucket. `transformation` LOAD_AND_FLATTEN reads the objects themselves."""

    ACTION = "listObjectsV2"

    def __init__(
        self,
        *,
        prefix: str | None = None,
        transformation: str | None = None,
        bucket: BucketLike | None = None,
        bucket_name_path: str | None = None,
        max_items: int | str | None = None,
        max_items_path: str | None = None,
    ) -> None:
        super().__init__(
            bucket=bucket, bucket_name_path=bucket_name_path, max_items=max_items, max_items_path=max_items_path
        )
        self.prefix = prefix
        self.transformation = transformation

    def _parameters(self) -> dict[str, Any]:
        return {**super()._parameters(), **compact(Prefix=self.prefix)}

    def _config(self) -> dict[str, Any]:
        return {**super()._config(), **compact(transformation=self.transformation)}


class _FileReader(ItemReader):
    """One object of a bucket."""

    def __init__(
        self,
        *,
        key: str,
        bucket: BucketLike | None = None,
        bucket_name_path: str | None = None,
        max_items: int | str | None = None,
        max_items_path: str | None = None,
    ) -> None:
        super().__init__(
            bucket=bucket, bucket_name_path=bucket_name_path, max_items=max_items, max_items_path=max_items_path
        )
        self.key = key

    def _parameters(self) -> dict[str, Any]:
        return {**super()._parameters(), "Key": self.key}


class S3JsonItemReader(_FileReader):
    """A JSON file that holds a list; `items_pointer` is a JSON pointer to the list in it."""

    INPUT_TYPE = "JSON"

    def __init__(
        self,
        *,
        key: str,
        items_pointer: str | None = None,
        bucket: BucketLike | None = None,
        bucket_name_path: str | None = None,
        max_items: int | str | None = None,
        max_items_path: str | None = None,
    ) -> None:
        super().__init__(
            key=key,
            bucket=bucket,
            bucket_name_path=bucket_name_path,
            max_items=max_items,
            max_items_path=max_items_path,
        )
        self.items_pointer = items_pointer

    def _config(self) -> dict[str, Any]:
        return {**super()._config(), **compact(items_pointer=self.items_pointer)}


class S3JsonLItemReader(_FileReader):
    """A file of JSON lines."""

    INPUT_TYPE = "JSONL"


class S3ParquetItemReader(_FileReader):
    """A Parquet file."""

    INPUT_TYPE = "PARQUET"


class S3ManifestItemReader(_FileReader):
    """The manifest of an S3 inventory, or of an Athena UNLOAD (`manifest_type`)."""

    INPUT_TYPE = "MANIFEST"

    def __init__(
        self,
        *,
        key: str,
        manifest_type: ManifestType | None = None,
        bucket: BucketLike | None = None,
        bucket_name_path: str | None = None,
        max_items: int | str | None = None,
        max_items_path: str | None = None,
    ) -> None:
        super().__init__(
            key=key,
            bucket=bucket,
            bucket_name_path=bucket_name_path,
            max_items=max_items,
            max_items_path=max_items_path,
        )
        self.manifest_type = manifest_type

    def _config(self) -> dict[str, Any]:
        config = super()._config()
        if self.manifest_type is ManifestType.S3_INVENTORY:
            del config["input_type"]  # refused beside S3_INVENTORY (Developer Guide, ItemReader)
        return {**config, **compact(manifest_type=self.manifest_type.value if self.manifest_type else None)}


class S3CsvItemReader(_FileReader):
    """A CSV file; the first row names the columns unless `csv_headers` says otherwise."""

    INPUT_TYPE = "CSV"

    def __init__(
        self,
        *,
        key: str,
        csv_headers: CsvHeaders | None = None,
        csv_delimiter: CsvDelimiter | None = None,
        bucket: BucketLike | None = None,
        bucket_name_path: str | None = None,
        max_items: int | str | None = None,
        max_items_path: str | None = None,
    ) -> None:
        super().__init__(
            key=key,
            bucket=bucket,
            bucket_name_path=bucket_name_path,
            max_items=max_items,
            max_items_path=max_items_path,
        )
        self.csv_headers = csv_headers or CsvHeaders.use_first_row()
        self.csv_delimiter = csv_delimiter

    def _config(self) -> dict[str, Any]:
        headers = self.csv_headers
        return {
            **super()._config(),
            **compact(
                csv_header_location=headers.header_location.value,
                csv_headers=tuple(headers.headers) if headers.headers is not None else None,
                csv_delimiter=self.csv_delimiter.value if self.csv_delimiter is not None else None,
            ),
        }


class ItemBatcher:
    """Puts several items into one child execution."""

    def __init__(
        self,
        *,
        max_items_per_batch: int | str | None = None,
        max_items_per_batch_path: str | None = None,
        max_input_bytes_per_batch: int | str | None = None,
        max_input_bytes_per_batch_path: str | None = None,
        batch_input: Mapping[str, Any] | None = None,
    ) -> None:
        self.limits = compact(
            max_items_per_batch=max_items_per_batch,
            max_items_per_batch_path=max_items_per_batch_path,
            max_input_bytes_per_batch=max_input_bytes_per_batch,
            max_input_bytes_per_batch_path=max_input_bytes_per_batch_path,
        )
        self.batch_input = batch_input

    def build(self, language: str) -> model.ItemBatcher:
        """The model's batcher. Raises Wrong."""
        for name in ("max_items_per_batch", "max_input_bytes_per_batch"):
            if name in self.limits and f"{name}_path" in self.limits:
                raise Wrong("PS720", f"both `{name}` and `{name}_path` are given", help="give one of the two")
        if not self.limits and self.batch_input is None:
            raise Wrong("PS722", "the ItemBatcher says nothing", help="give max_items_per_batch")
        fields = dict(self.limits)
        if self.batch_input is not None:
            fields["batch_input"] = render(self.batch_input, language)
        return model.ItemBatcher(**fields)


class OutputType(Enum):
    JSON = "JSON"
    JSONL = "JSONL"


class Transformation(Enum):
    NONE = "NONE"
    COMPACT = "COMPACT"
    FLATTEN = "FLATTEN"


class WriterConfig:
    """In which form results are written."""

    def __init__(self, *, output_type: OutputType, transformation: Transformation) -> None:
        self.output_type = output_type
        self.transformation = transformation


class ResultWriterV2(_Bucket):
    """Writes the results into a bucket, or (`writer_config` alone) only says in which form they come back."""

    def __init__(
        self,
        *,
        bucket: BucketLike | None = None,
        bucket_name_path: str | None = None,
        prefix: str | None = None,
        writer_config: WriterConfig | None = None,
    ) -> None:
        super().__init__(bucket, bucket_name_path)
        self.prefix = prefix
        self.writer_config = writer_config

    def build(self, language: str) -> model.ResultWriter:
        """The model's writer. Raises Wrong."""
        fields: dict[str, Any] = {}
        bucket = self._bucket(needed=False)
        if bucket is None and self.writer_config is None:
            raise Wrong("PS722", "the ResultWriter says nothing", help="give a bucket, a writer_config or both")
        if bucket is not None:
            fields["resource"] = "arn:aws:states:::s3:putObject"
            where = {"Bucket": bucket, **compact(Prefix=self.prefix)}
            fields["arguments" if language == JSONATA else "parameters"] = render(where, language)
        if self.writer_config is not None:
            config = self.writer_config
            fields["writer_config"] = model.WriterConfig(
                transformation=config.transformation.value, output_type=config.output_type.value
            )
        return model.ResultWriter(**fields)


class ResultWriter(ResultWriterV2):
    """Writes the results into a bucket."""

    def __init__(self, *, bucket: BucketLike, prefix: str | None = None) -> None:
        super().__init__(bucket=bucket, prefix=prefix)


IItemReader: TypeAlias = ItemReader
