import pytest

from contract.metadata import SEQUENCER
from contract.record import NO_SEQUENCER, normal_sequencer
from resizer.storage import StoredObject
from resizer.thumbnail_metadata import latest_sequencer

OLDER, NEWER = normal_sequencer("0055AED6"), normal_sequencer("0055AED7")


def thumbnail(metadata: dict[str, str]) -> StoredObject:
    return StoredObject("thumbnails/200/x", 1, "etag", 0, metadata)


def test_the_newest_sequencer_counts() -> None:
    stored = {200: thumbnail({SEQUENCER: NEWER}), 400: thumbnail({SEQUENCER: OLDER})}
    assert latest_sequencer(stored, NO_SEQUENCER) == NEWER


@pytest.mark.parametrize("foreign", ["", "zzz", "9", "Z" * 32, "f" * 32, "F" * 33])
def test_what_another_program_wrote_as_a_sequencer_is_ignored(foreign: str) -> None:
    """Compared as text it would be newer than every event to come."""
    stored = {200: thumbnail({SEQUENCER: foreign}), 400: thumbnail({SEQUENCER: OLDER})}
    assert latest_sequencer(stored, NO_SEQUENCER) == OLDER
    assert latest_sequencer({200: stored[200]}, NO_SEQUENCER) == NO_SEQUENCER


def test_without_thumbnails_it_is_the_default() -> None:
    assert latest_sequencer({200: thumbnail({})}, NO_SEQUENCER) == NO_SEQUENCER
    assert latest_sequencer({}, OLDER) == OLDER
