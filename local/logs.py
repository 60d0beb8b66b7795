"""One readable line per event, beginning with the name of the part that logged it."""

import logging
import sys
from collections.abc import Callable

from contract.logs import extra_fields


class ReadableFormatter(logging.Formatter):
    """Writes time, part and message, then `name=value` for each `extra`."""

    def __init__(self, part: str) -> None:
        super().__init__(f"%(asctime)s {part:<9}%(message)s", datefmt="%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 -- logging's name
        fields = (f"{name}={value}" for name, value in extra_fields(record).items())
        return " ".join([super().formatMessage(record), *fields])


def configure(part: str, wanted: Callable[[logging.LogRecord], bool] = lambda _: True) -> None:
    """Log the `wanted` records to standard error as `part`, replacing any earlier configuration."""
    output = logging.StreamHandler(sys.stderr)
    output.addFilter(wanted)
    output.setFormatter(ReadableFormatter(part))
    logging.basicConfig(level=logging.INFO, handlers=[output], force=True)
    logging.getLogger("botocore").setLevel(logging.WARNING)
