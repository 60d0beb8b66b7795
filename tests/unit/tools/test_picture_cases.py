"""What counts as a right thumbnail."""

import pytest

from tools.picture_cases import is_right

SIZE, PIXEL = [640, 480], (200, 60, 40, 255)


@pytest.mark.parametrize(
    ("expected", "right"),
    [
        ({"status": "done"}, True),
        ({"rgb": [190, 70, 40], "tol": 10}, True),
        ({"rgb": [190, 71, 40], "tol": 10}, False),
        ({"alpha": 250, "tol": 5}, True),
        ({"alpha": 0, "tol": 5}, False),
        ({"size": [640, 480]}, True),
        ({"size": [480, 640]}, False),
    ],
)
def test_size_color_and_alpha_count_where_they_are_known(
    expected: dict[str, object], right: bool
) -> None:
    assert is_right(expected, SIZE, PIXEL) is right
