"""Points in time as other programs write them: in object names and in rows. Pure.

Milliseconds (13 digits), seconds (10 digits) or ISO 8601 in UTC, between 2001 and 2100. Anything
else may be a telephone number or a barcode, and a local time is no point in time.
"""

import re
from datetime import UTC, datetime

EARLIEST_MS = 10**12  # 2001-09-09: the first of 13 digits; as seconds, the first of 10
END_MS = 4_102_444_800_000  # 2100-01-01

_LEADING = re.compile(
    r"(?:(?P<ms>\d{13})|(?P<s>\d{10})"
    # In names, `:` and `.` are often written `-`: JavaScript's toISOString().replace(/[:.]/g, "-")
    r"|(?P<date>\d{4}-\d\d-\d\d|\d{8})T(?P<time>\d\d[:-]\d\d[:-]\d\d|\d{6})(?:[.-](?P<part>\d{1,9}))?Z)"
    r"(?![0-9A-Za-z+:])",
    re.ASCII,
)


def leading_timestamp(text: str) -> tuple[int, int] | None:
    """The point in time with which `text` begins (milliseconds), and how many characters it is."""
    match = _LEADING.match(text)
    if match is None:
        return None
    if match["ms"]:
        ms = int(match["ms"])
    elif match["s"]:
        ms = int(match["s"]) * 1000
    else:
        try:
            ms = _iso_ms(match["date"], match["time"], match["part"] or "")
        except ValueError:  # the 31st of February
            return None
    return (ms, match.end()) if EARLIEST_MS <= ms < END_MS else None


def timestamp_ms(text: str) -> int | None:
    """The point in time that `text` is (milliseconds); None if it is none, or more than one."""
    found = leading_timestamp(text)
    return found[0] if found and found[1] == len(text) else None


def _iso_ms(date: str, time: str, part: str) -> int:
    digits = re.sub("[:-]", "", date + time)
    whole = datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    return int(whole.timestamp()) * 1000 + int(part[:3].ljust(3, "0"))
