"""One readable line for each thing that happens, with the part that says it in front."""

import logging
import sys


class ReadableFormatter(logging.Formatter):
    """Writes time, part and message, then `name=value` for each of `extra={"facts": {...}}`."""

    def __init__(self, part: str) -> None:
        super().__init__(f"%(asctime)s {part:<9}%(message)s", datefmt="%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 -- logging's name
        facts = getattr(record, "facts", {})
        return " ".join([super().formatMessage(record), *(f"{k}={v}" for k, v in facts.items())])


def configure(part: str) -> None:
    """Log to standard error as `part`, instead of whatever was configured before."""
    output = logging.StreamHandler(sys.stderr)
    output.setFormatter(ReadableFormatter(part))
    logging.basicConfig(level=logging.INFO, handlers=[output], force=True)
    logging.getLogger("botocore").setLevel(logging.WARNING)
