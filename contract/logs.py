"""Logs as one JSON object per line on standard output: CloudWatch Logs can filter by field."""

import json
import logging
import sys
import time
from collections.abc import Iterable
from typing import Any

_STANDARD_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


def extra_fields(record: logging.LogRecord) -> dict[str, Any]:
    """What the logging call passed as `extra`."""
    return {name: value for name, value in vars(record).items() if name not in _STANDARD_FIELDS}


class JsonFormatter(logging.Formatter):
    """Writes time (UTC), level, logger and message, then the fields of `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line: dict[str, Any] = {
            "time": f"{seconds}.{int(record.msecs):03d}Z",
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **extra_fields(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)  # ASCII: no output encoding can drop a line


def log_json(quiet: Iterable[str] = ()) -> None:
    """Send all logs of this process to standard output, replacing any handlers already there.

    The `quiet` loggers write warnings and errors only.
    """
    output = logging.StreamHandler(sys.stdout)
    output.setFormatter(JsonFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[output], force=True)
    for name in quiet:
        logging.getLogger(name).setLevel(logging.WARNING)
