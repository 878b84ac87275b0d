"""OpenTelemetry spans: one for a request, one for an execution. Nothing of it is loaded unless the environment asks.

The environment is OpenTelemetry's own: OTEL_EXPORTER_OTLP_ENDPOINT (or …_TRACES_ENDPOINT), OTEL_TRACES_EXPORTER (`otlp`,
`console`, `none`), OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, OTEL_SDK_DISABLED. Attributes have the names of its semantic
conventions for AWS and RPC; inputs and outputs are not among them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from penstock._version import __version__
from penstock.errors import InvalidInput, MissingRequirement, ServiceError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

    from penstock.engine.running import Running

_ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_EXECUTION: Final = "aws.step_functions.execution.arn"
_MACHINE: Final = "aws.step_functions.state_machine.arn"


def wanted(environ: Mapping[str, str]) -> bool:
    """Whether the environment asks for traces."""
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    exporter = environ.get("OTEL_TRACES_EXPORTER", "").strip().lower()
    if exporter:
        return exporter != "none"
    return any(environ.get(name) for name in _ENDPOINTS)


class RequestSpan:
    """The span of a request that is being answered."""

    def __init__(self, span: Span) -> None:
        self._span = span

    def answered(self, answer: Mapping[str, Any]) -> None:
        arn = answer.get("executionArn")
        if isinstance(arn, str):
            self._span.set_attribute(_EXECUTION, arn)


class Tracing:
    """Makes the spans. `begun` and `ended` are called in the thread of the executions."""

    def __init__(self, provider: TracerProvider) -> None:
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._provider = provider
        self._tracer = provider.get_tracer("penstock", __version__)
        self._propagator = TraceContextTextMapPropagator()
        self._open: dict[Running, Span] = {}

    @contextmanager
    def request(self, operation: str, number: str, headers: Iterable[tuple[bytes, bytes]]) -> Iterator[RequestSpan]:
        """The span of a request, a child of the one that its `traceparent` names."""
        from opentelemetry.trace import SpanKind, Status, StatusCode

        sent = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in headers
            if name in (b"traceparent", b"tracestate")
        }
        with self._tracer.start_as_current_span(
            f"SFN.{operation}",
            context=self._propagator.extract(sent) if sent else None,
            kind=SpanKind.SERVER,
            attributes={
                "rpc.system": "aws-api",
                "rpc.service": "SFN",
                "rpc.method": operation,
                "aws.request_id": number,
            },
            record_exception=False,  # its message may repeat what the request had
            set_status_on_exception=False,
        ) as span:
            try:
                yield RequestSpan(span)
            except ServiceError as error:
                span.set_attribute("error.type", error.code)
                span.set_status(Status(StatusCode.ERROR, error.code))
                raise
            except Exception as error:
                span.set_attribute("error.type", type(error).__name__)
                span.set_status(Status(StatusCode.ERROR))
                raise

    def begun(self, running: Running) -> None:
        """An execution began; its span is a child of the request's that started it."""
        execution = running.execution
        self._open[running] = self._tracer.start_span(
            execution.machine_name,
            start_time=_nanoseconds(execution.started),
            attributes={
                _EXECUTION: execution.arn,
                _MACHINE: execution.machine_arn,
                "penstock.execution.type": execution.type,
                "penstock.execution.redrive_count": execution.redrive_count,
            },
        )

    def ended(self, running: Running) -> None:
        """An execution ended."""
        from opentelemetry.trace import Status, StatusCode

        span = self._open.pop(running, None)
        if span is None:
            return
        execution = running.execution
        span.set_attribute("penstock.execution.status", execution.status)
        if execution.status != "SUCCEEDED":
            # The error's name; the cause is the workflow's data.
            if execution.error is not None:
                span.set_attribute("error.type", execution.error)
            span.set_status(Status(StatusCode.ERROR, execution.status))
        span.end(_nanoseconds(execution.stopped))

    def close(self) -> None:
        """Sends what has not been sent yet; executions that still run have no span."""
        self._open.clear()
        self._provider.shutdown()


def _nanoseconds(seconds: float) -> int:
    return round(seconds * 1e9)


def start_tracing(environ: Mapping[str, str]) -> Tracing | None:
    """None where the environment asks for no traces. Raises MissingRequirement without OpenTelemetry, InvalidInput for an
    exporter that is not known."""
    if not wanted(environ):
        return None
    name = environ.get("OTEL_TRACES_EXPORTER", "").strip().lower() or "otlp"
    try:
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter

        exporter: SpanExporter
        if name == "otlp":
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

            exporter = OTLPSpanExporter()
        elif name == "console":
            import sys

            exporter = ConsoleSpanExporter(out=sys.stderr)
        else:
            raise InvalidInput(f"OTEL_TRACES_EXPORTER is otlp, console or none here; {name!r} is none of them.")
    except ImportError as error:
        raise MissingRequirement(
            f"The environment asks for traces (OTEL_…), which need {error.name}: pip install 'penstock[otel]'.",
            requirement=str(error.name),
        ) from None
    service = environ.get("OTEL_SERVICE_NAME") or "penstock"
    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: service}))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return Tracing(provider)
