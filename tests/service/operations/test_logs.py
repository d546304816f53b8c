"""What stands in the logs, and what never does."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from service.operations.logs import configure_logs
from service.operations.privacy import HIDDEN

PRIVATE = (
    "ana.lopez@example.org",
    "555-0142 is not enough, 602-555-0142",
    "(602) 555-0142",
    "?text=He+cannot+read",
    "Bearer pm_0123456789abcdef",
    "password=correct-horse",
    "token: abcdefgh12345678",
)


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    before = logging.getLogger().handlers, logging.getLogger().level
    stream = io.StringIO()
    configure_logs(stream=stream)
    yield stream
    logging.getLogger().handlers, level = before
    logging.getLogger().setLevel(level)
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_of_ours_and_one_of_the_server_read_alike(stream: io.StringIO) -> None:
    structlog.get_logger().info("published", run="r1")
    logging.getLogger("uvicorn.error").warning("Closing %d connections", 3)
    ours, servers = lines(stream)
    assert ours["event"] == "published"
    assert servers["event"] == "Closing 3 connections"
    assert servers["logger"] == "uvicorn.error"
    assert ours.keys() - {"run"} == servers.keys() - {"logger"} == {"event", "level", "timestamp"}


@pytest.mark.parametrize("words", PRIVATE)
def test_a_contact_or_a_secret_in_a_sentence_is_masked(stream: io.StringIO, words: str) -> None:
    logging.getLogger("service").info("Seen /needs%s for %s", "", words)
    structlog.get_logger().info("seen", where="/x " + words)
    for line in lines(stream):
        assert HIDDEN in str(line)
        for secret in ("lopez", "0142 ", "He+cannot", "0123456789", "correct-horse", "abcdefgh"):
            assert secret not in str(line).replace("555-0142 is", "")


@pytest.mark.parametrize("name", ["contact_name", "email", "csrf_token", "Set-Cookie", "statement", "query"])
def test_a_field_that_may_hold_something_private_is_dropped(stream: io.StringIO, name: str) -> None:
    structlog.get_logger().info("seen", **{name: "Ana"})
    assert lines(stream)[0][name] == HIDDEN


def test_an_exception_is_told_by_its_place_and_not_by_its_words(stream: io.StringIO) -> None:
    try:
        raise ValueError("Failing row contains (Ana Lopez, reads at grade 2)")
    except ValueError:
        logging.getLogger("service").exception("failed")
    told = str(lines(stream)[0]["exception"])
    assert "Ana" not in stream.getvalue()
    assert told.endswith("\nValueError")
    assert "test_logs.py:" in told


def test_the_cause_of_an_exception_is_told_too(stream: io.StringIO) -> None:
    try:
        try:
            open("/nowhere/at/all")  # noqa: SIM115  # it does not open
        except OSError as error:
            raise KeyError("Ana") from error
    except KeyError:
        logging.getLogger("service").exception("failed")
    assert "FileNotFoundError: [Errno 2] No such file" in stream.getvalue()
    assert "which led to" in stream.getvalue()


def test_what_json_does_not_know_is_named_by_its_type_alone(stream: io.StringIO) -> None:
    structlog.get_logger().info("seen", thing=ValueError("Ana"))
    assert lines(stream)[0]["thing"] == "ValueError"


def test_a_terminal_gets_lines_to_read() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    before = logging.getLogger().handlers
    terminal = Terminal()
    configure_logs(stream=terminal)
    structlog.get_logger().info("published", run="r1")
    logging.getLogger().handlers = before
    structlog.reset_defaults()
    assert "published" in terminal.getvalue()
    assert not terminal.getvalue().startswith("{")
