"""A seeded slice of the mutation run: each damaged picture ends as thumbnails or with a reason."""

import time

import pytest

from tools.fuzz import MAX_CPU_SECONDS, VARIANTS, run

ROUNDS = 20  # of every variant; the full run of 32,000 cases is `make fuzz`


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("variant", range(len(VARIANTS)))
def test_damaged_pictures_end_as_thumbnails_or_with_a_reason(variant: int) -> None:
    for number in range(ROUNDS):
        start = time.process_time()
        assert run(1_000_000 * len(VARIANTS) + variant + number * len(VARIANTS)) in {
            *(
                "thumbnails",
                "corrupt_image",
                "too_many_pixels",
                "unsupported_format",
                "too_complex",
            ),
        }
        assert time.process_time() - start < MAX_CPU_SECONDS
