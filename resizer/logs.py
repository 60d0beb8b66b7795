"""One JSON object a log line on standard output, which CloudWatch Logs can filter by field."""

import json
import logging
import sys
import time


class JsonFormatter(logging.Formatter):
    """Writes level, time (UTC), logger and message, and the fields of `extra={"facts": {...}}`."""

    def format(self, record: logging.LogRecord) -> str:
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line = {
            "level": record.levelname,
            "time": f"{stamp}.{int(record.msecs):03d}Z",
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def set_up_logging(level: int = logging.INFO) -> None:
    """Replace whatever handlers the Lambda runtime put on the root logger."""
    output = logging.StreamHandler(sys.stdout)
    output.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[output], force=True)
    logging.getLogger("botocore").setLevel(logging.WARNING)
