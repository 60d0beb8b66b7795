import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from contract.logs import log_json


@pytest.fixture(autouse=True)
def root_logger() -> Iterator[logging.Logger]:
    """pytest's own handlers come back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield root
    root.handlers[:] = handlers
    root.setLevel(level)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """What was logged so far."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_log_line_is_one_json_object_with_the_fields_of_the_call(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log_json(quiet=["test.noisy"])
    record = logging.makeLogRecord({"name": "test.api", "levelname": "INFO", "levelno": 20})
    record.created, record.msecs = 1763853422.123, 123.0
    record.msg, record.args, record.userId = "Bildgröße %s\nBytes", (1,), "user_1"
    record.message, record.asctime = "another formatter's", "another formatter's"
    logging.getLogger("test.api").handle(record)
    assert lines(capsys) == [
        {
            "time": "2025-11-22T23:17:02.123Z",
            "level": "INFO",
            "logger": "test.api",
            "message": "Bildgröße 1\nBytes",
            "userId": "user_1",
        }
    ]


def test_no_output_encoding_can_drop_a_log_line(capsys: pytest.CaptureFixture[str]) -> None:
    log_json()
    logging.getLogger("test.api").info("Bildgröße \udc80")
    line = capsys.readouterr().out
    assert line.isascii()
    assert json.loads(line)["message"] == "Bildgröße \udc80"


def test_a_value_that_json_does_not_know_is_written_as_text(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log_json(quiet=["test.noisy"])
    logging.getLogger("test.api").warning("x", extra={"error": ValueError("bad")})
    [line] = lines(capsys)
    assert (line["level"], line["error"]) == ("WARNING", "bad")


def test_an_exception_is_logged_with_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    log_json(quiet=["test.noisy"])
    try:
        raise ValueError("bad")
    except ValueError:
        logging.getLogger("test.api").exception("failed")
    logging.getLogger("test.api").error("no exception")
    first, second = lines(capsys)
    assert first["exception"].startswith("Traceback")
    assert first["exception"].endswith("ValueError: bad")
    assert "exception" not in second


def test_a_quiet_logger_writes_warnings_only_and_debugging_stays_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log_json(quiet=["test.noisy"])
    for name in ("test.noisy", "test.api"):
        for level in (logging.DEBUG, logging.INFO, logging.WARNING):
            logging.getLogger(name).log(level, "x")
    written = [(line["logger"], line["level"]) for line in lines(capsys)]
    assert written == [("test.noisy", "WARNING"), ("test.api", "INFO"), ("test.api", "WARNING")]


def test_handlers_that_were_there_are_replaced(root_logger: logging.Logger) -> None:
    """Lambda's runtime brings one of its own, which would write every line twice."""
    log_json()
    log_json()
    assert len(root_logger.handlers) == 1
