"""Logs: a line of JSON an event, or a readable line where someone watches, and never what is nobody's business.

Whatever is logged, by us, by the server or by a library, goes through one chain of processors. It drops the values of
fields that may hold a contact, a secret or a text about students, masks what looks like one inside a sentence,
and tells of an exception its type and place, but not its message: databases and parsers quote rows in theirs.
"""

import logging
import sys
import traceback
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from service.operations.privacy import without_private


def configure_logs(level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send all logs of this process to one stream, standard error by default.

    Parameters
    ----------
    level
        The least that is logged: DEBUG, INFO, WARNING, ERROR.
    stream
        A terminal gets lines to read, anything else JSON.
    """
    stream = stream or sys.stderr
    renderer: Processor = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if stream.isatty()
        else structlog.processors.JSONRenderer(ensure_ascii=False, default=_described)
    )
    structlog.configure(
        processors=[*_chain(), renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    # A library's logger may let through more than the root does.
    handler.setLevel(level)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *_chain()],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
    # At INFO one tells the address of each request it makes, with an identity provider's codes, the other its plugins.
    for name in ("httpx", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _chain() -> list[Processor]:
    return [
        tell_faults,
        hide_private,
        # Our own, which are different each time and hide nothing.
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def hide_private(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Return the event without contacts, secrets and texts."""
    event.pop("color_message", None)
    for name, value in event.items():
        if not name.startswith("_"):
            event[name] = without_private(name, value)
    return event


def tell_faults(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Return the event with its exception told by types and places."""
    found = event.pop("exc_info", None)
    if found is True:
        found = sys.exc_info()
    error = found[1] if isinstance(found, tuple) else found
    if isinstance(error, BaseException):
        event["exception"] = "\n".join(_told(error))
    return event


def _told(error: BaseException) -> list[str]:
    """Return the lines of an exception and of those that caused it, the first cause first."""
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    lines = [*_told(cause), "which led to"] if cause else []
    frames = traceback.extract_tb(error.__traceback__)
    lines += [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    # An operating system's error names files and ports, never rows.
    message = f": {error}" if type(error).__str__ is OSError.__str__ else ""
    code = getattr(error, "sqlstate", None) or getattr(error, "sqlite_errorname", None)
    return [*lines, f"{type(error).__qualname__}{message}{f' ({code})' if code else ''}"]


def _described(value: object) -> str:
    """Return what stands for a value that JSON does not know."""
    return type(value).__name__
