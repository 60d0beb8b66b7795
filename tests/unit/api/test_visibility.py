from api.http.routes import is_visible
from tests.records import now_ms, pending

START = 1763853422000


def test_visibility_is_the_same_for_one_image_as_for_a_list() -> None:
    now = now_ms() // 1000
    assert is_visible(pending("u", START, now + 1), now)
    assert not is_visible(pending("u", START, now), now)
