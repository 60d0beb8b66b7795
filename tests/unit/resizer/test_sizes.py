"""The size of each thumbnail."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from resizer.engine.sizes import MAX_HEIGHT, reduction, sizes

SIDES = st.integers(1, 65_535)
WIDTHS = st.integers(1, 4096)


@given(size=st.tuples(SIDES, SIDES), requested=WIDTHS)
def test_a_thumbnail_fits_is_never_larger_and_keeps_the_aspect_ratio(
    size: tuple[int, int], requested: int
) -> None:
    ((_, (width, height)),) = sizes(size, [requested])
    assert 1 <= width <= min(requested, size[0])
    assert 1 <= height <= min(10 * requested, MAX_HEIGHT, size[1])
    shrunk = reduction(size, requested)
    assert abs(width - size[0] / shrunk) <= 1
    assert abs(height - size[1] / shrunk) <= 1


@given(size=st.tuples(SIDES, SIDES), widths=st.lists(WIDTHS, min_size=1, max_size=8))
def test_no_thumbnail_is_larger_than_the_one_before(
    size: tuple[int, int], widths: list[int]
) -> None:
    made = [target.size for target in sizes(size, widths)]
    assert [target.requested for target in sizes(size, widths)] == sorted(set(widths), reverse=True)
    for one, other in pairwise(made):
        assert other[0] <= one[0]
        assert other[1] <= one[1]


def test_a_picture_as_high_as_allowed_is_not_narrowed() -> None:
    assert sizes((300, 3000), [200])[0].size == (200, 2000)
    assert sizes((300, 3003), [200])[0].size == (200, 2000)
    assert sizes((3000, 60_000), [4096])[0].size == (819, 16_383)
