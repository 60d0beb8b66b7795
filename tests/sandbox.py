"""The sandbox that the resizers of one test process share."""

from functools import cache

from resizer.sandbox import Sandbox
from resizer.settings import Settings

PLACES = 8  # more than the resizers that a test runs at a time, some of which stop half-way


@cache
def shared_sandbox(settings: Settings) -> Sandbox:
    return Sandbox(settings, PLACES)
