"""An original is served as what its bytes are, under a name that harms nobody."""

import re
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.http.originals import DOWNLOADED, EXTENSIONS, UNKNOWN, served_as
from contract.formats import CONTENT_TYPES
from contract.keys import InvalidFilenameError, check_filename
from contract.record import Status
from tests.records import finished

DISPOSITION = "response-content-disposition"


def served(**changes: Any) -> tuple[str, str]:
    overrides = served_as(finished("u", 1763852400123, **changes))
    return overrides["response-content-type"], overrides[DISPOSITION]


def test_the_type_is_that_of_the_bytes_and_the_name_follows_it() -> None:
    assert served(content_type="image/png", filename="cat.jpg") == (
        "image/png",
        'inline; filename="cat.jpg.png"',
    )


@pytest.mark.parametrize(
    ("filename", "said"),
    [
        ("cat.jpg", 'filename="cat.jpg"'),
        ("CAT.JPEG", 'filename="CAT.JPEG"'),
        ("cat", 'filename="cat.jpg"'),
        ("jpg", 'filename="jpg.jpg"'),
        ("evil.html", 'filename="evil.html.jpg"'),
        ("..", 'filename="original.jpg"'),
        (None, 'filename="original.jpg"'),
        ("a/b\\c.jpg", 'filename="a_b_c.jpg"'),
        ("crème.jpg", "filename=\"cr_me.jpg\"; filename*=UTF-8''cr%C3%A8me.jpg"),
        ("100%.jpg", "filename=\"100_.jpg\"; filename*=UTF-8''100%25.jpg"),
        ("a\u202egpj.exe", 'filename="a_gpj.exe.jpg"'),
    ],
)
def test_the_file_name_is_the_users_made_safe(filename: str | None, said: str) -> None:
    assert served(filename=filename) == ("image/jpeg", f"inline; {said}")


@pytest.mark.parametrize("content_type", CONTENT_TYPES)
def test_what_browsers_do_not_show_is_downloaded(content_type: str) -> None:
    way = served(content_type=content_type)[1].partition(";")[0]
    assert way == ("attachment" if content_type in DOWNLOADED else "inline")


def test_every_accepted_type_has_an_extension() -> None:
    assert set(EXTENSIONS) == set(CONTENT_TYPES)


@pytest.mark.parametrize(
    "changes",
    [
        {"status": Status.PROCESSING},
        {"status": Status.PENDING},
        {"sequencer": None},
        {"content_type": None},
        {"content_type": "text/html"},
        {"content_type": "image/svg+xml"},
    ],
    ids=["processing", "pending", "of another program", "no type", "page", "drawing"],
)
def test_bytes_that_nobody_judged_are_a_nameless_download(changes: dict[str, Any]) -> None:
    assert served(**changes) == tuple(UNKNOWN.values())


@given(st.text(max_size=300))
def test_a_name_never_leaves_its_header(filename: str) -> None:
    try:
        check_filename(filename)
    except InvalidFilenameError:
        return
    way = served(filename=filename)[1]
    match = re.fullmatch(
        r"inline; filename=\"([A-Za-z0-9 ._()+,=@~-]+)\"(?:; filename\*=UTF-8''([\w.~%-]+))?",
        way,
        re.ASCII,
    )
    assert match
    assert "/" not in unquote(match[2] or match[1])
