"""What a setting's text must look like. `contract/settings.py` says which setting has which rule.

A rule turns text into a value, or raises ValueError with what the text must be. It never repeats
the text itself, which may be a secret. template.yaml has the same rules as patterns for its
parameters; a test compares them.
"""

import ipaddress
import re
from collections.abc import Callable

MIN_WIDTH, MAX_WIDTH = 1, 4096  # pixels
MAX_WIDTHS = 8

_WHOLE_NUMBER = re.compile(r"0|[1-9][0-9]{0,19}")  # no sign, no leading zeros, no other digits
_SHARE = re.compile(r"0\.(0[1-9]|[1-9][0-9]?)|1(\.00?)?")
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"  # RFC 1123, section 2.1
_HOST_NAME = rf"{_LABEL}(\.{_LABEL})*"
_PORT = (
    r"(:([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?"
)
_PATH = r"(/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?"  # RFC 3986, section 3.3
_QUERY = r"(?P<query>\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?"  # section 3.4
_URL = re.compile(rf"https?://({_HOST_NAME}|\[(?P<ipv6>[0-9A-Fa-f:.]+)\]){_PORT}{_PATH}{_QUERY}")
_HEX = r"[0-9a-f]{1,4}"
_IPV6 = rf"((?!([0-9a-f]*:){{8}})({_HEX}(:{_HEX})*)?::({_HEX}(:{_HEX})*)?|({_HEX}:){{7}}{_HEX})"
# As a browser sends it (Fetch, "Origin header"): lower case, no path and no default port. The API
# compares it as text.
_ORIGIN = re.compile(
    r"\*|(?!http://.*:80$|https://.*:443$)"
    rf"https?://([a-z0-9_-]+([.][a-z0-9_-]+)*[.]?|\[{_IPV6}\]){_PORT}"
)
_PEM = re.compile(
    r"\s*-----BEGIN (?P<kind>(RSA )?PRIVATE KEY)-----"
    r"[A-Za-z0-9+/=\s]+-----END (?P=kind)-----\s*"  # a password would add headers with a colon
)


def matching(pattern: str, what: str) -> Callable[[str], str]:
    """A rule for text that matches `pattern` as a whole."""
    compiled = re.compile(pattern)

    def rule(text: str) -> str:
        if not compiled.fullmatch(text):
            raise ValueError(f"it must be {what}")
        return text

    return rule


# S3 User Guide, "General purpose bucket naming rules"; "-." makes no host name.
bucket_name = matching(
    r"(?!xn--|sthree-|amzn-s3-demo-)"
    r"(?!.*(-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$)"
    r"(?!([0-9]+\.){3}[0-9]+$)(?!.*(\.\.|\.-|-\.))"
    r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
    "a name that S3 allows for a bucket: 3 to 63 of a-z, 0-9, '.', '-'",
)


def one_of(*values: str) -> Callable[[str], str]:
    return matching("|".join(map(re.escape, values)), " or ".join(values))


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """A rule for whole numbers from `low` to `high`, both included."""

    def rule(text: str) -> int:
        if not _WHOLE_NUMBER.fullmatch(text) or not low <= int(text) <= high:
            raise ValueError(f"it must be a whole number from {low} to {high}")
        return int(text)

    return rule


def share(text: str) -> float:
    """A rule for a part of a whole, from 0.01 to 1."""
    if not _SHARE.fullmatch(text):
        raise ValueError("it must be a number from 0.01 to 1, like 0.25")
    return float(text)


def widths(text: str) -> tuple[int, ...]:
    """The widths in ascending order."""
    parts = [part.strip() for part in text.split(",")]
    if not all(
        _WHOLE_NUMBER.fullmatch(part) and MIN_WIDTH <= int(part) <= MAX_WIDTH for part in parts
    ):
        raise ValueError(
            f"it must be a list of whole numbers from {MIN_WIDTH} to {MAX_WIDTH}, like 320,640"
        )
    if len(set(parts)) != len(parts):
        raise ValueError("it must name each width only once")
    if len(parts) > MAX_WIDTHS:
        raise ValueError(f"it must name at most {MAX_WIDTHS} widths")
    return tuple(sorted(map(int, parts)))


def url(text: str) -> str:
    """The URL as it is: a slash at its end may matter to its server."""
    if not _match_url(text):
        raise ValueError("it must be an http or https URL, like https://example.com")
    return text


def base_url(text: str) -> str:
    """A URL that paths are appended to, without the slash at its end."""
    found = _match_url(text)
    if not found or found["query"] is not None:
        raise ValueError(
            "it must be an http or https URL without a query, like https://example.com"
        )
    return text.rstrip("/")


def _match_url(text: str) -> re.Match[str] | None:
    found = _URL.fullmatch(text)
    return None if found and found["ipv6"] and not _is_ip_address(found["ipv6"]) else found


def origins(text: str) -> tuple[str, ...]:
    parts = re.split(r"\s*,\s*|\s+", text)
    if not all(_ORIGIN.fullmatch(part) for part in parts):
        raise ValueError(
            "it must be a list of origins in lower case, without a path or a default port, "
            "like https://app.example.com,http://localhost:3000"
        )
    return tuple(parts)


def host(text: str) -> str:
    """A host name or an IP address to listen on."""
    is_name = re.fullmatch(_HOST_NAME, text) and not re.fullmatch(r"[0-9.]+", text)
    if not is_name and not (re.fullmatch(r"[!-~]+", text) and _is_ip_address(text)):
        raise ValueError("it must be a host name or an IP address")
    return text


def _is_ip_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def private_key(text: str) -> str:
    """A PEM text; `\\n` stands for a line break, as environment files write it."""
    pem = text.replace("\\n", "\n")
    if not _PEM.fullmatch(pem):
        raise ValueError("it must be an RSA private key in PEM, without a password")
    return pem
