"""Two operations at once, one AWS call at a time, in every order with up to three switches.

The first runs some calls, the second some, then the first ends, or dies, and the second ends. Two
at a time find almost all races; `histories` goes on from there.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from contract.keys import OriginalKey
from resizer.settings import Settings
from tests.proofs.model.system import FOREIGN, IMAGE_IDS, USERS, UUID, Aws, System
from tests.proofs.model.workers import Worker

ANN, BOB = (OriginalKey(user, IMAGE_IDS[0]) for user in USERS)
CLAIM_MS = 60_000

Start = Callable[[System], Worker]


@dataclass(frozen=True)
class Pair:
    """`arrange` has happened before; `first` and `second` start their operation."""

    name: str
    arrange: Callable[[System], None]
    first: Start
    second: Start


def nothing(system: System) -> None:
    """Nothing has happened yet."""


def uploaded(system: System) -> None:
    system.plan(ANN)
    system.upload(ANN)


def done(system: System) -> None:
    uploaded(system)
    run(system, resize(system))


def uploaded_no_image(system: System) -> None:
    system.plan(ANN)
    system.upload(ANN, good=False)


def replaced(system: System) -> None:
    done(system)
    system.upload(ANN)


def replaced_by_no_image(system: System) -> None:
    done(system)
    system.upload(ANN, good=False)


def bobs_is_done(system: System) -> None:
    run(system, system.deliver(system.upload(BOB)))
    uploaded(system)


def uploaded_elsewhere(system: System) -> None:
    """Another program put the object."""
    system.upload(FOREIGN)


def uploaded_with_row(system: System) -> None:
    run(system, system.put_row(FOREIGN))
    system.upload(FOREIGN)


def uploaded_with_uuid(system: System) -> None:
    run(system, system.put_row(FOREIGN, UUID))
    system.upload(FOREIGN)


def uuid_done(system: System) -> None:
    uploaded_with_uuid(system)
    run(system, resize(system))


def elsewhere_done(system: System) -> None:
    uploaded_elsewhere(system)
    run(system, resize(system))


def quarantined(system: System) -> None:
    uploaded(system)
    run(system, system.deliver_to_broken_engine(system.events[-1]))


def given_up(system: System) -> None:
    replaced(system)
    run(system, system.give_up(system.events[-1]))


def replaced_and_lost(system: System) -> None:
    replaced(system)
    system.remove_by_hand(ANN)


def given_up_and_lost(system: System) -> None:
    given_up(system)
    system.remove_by_hand(ANN)


def quarantined_and_lost(system: System) -> None:
    replaced(system)
    run(system, system.deliver_to_broken_engine(system.events[-1]))
    system.remove_by_hand(ANN)


def done_and_lost(system: System) -> None:
    done(system)
    system.remove_by_hand(ANN)


def resize(system: System) -> Worker:
    """Deliver the newest event."""
    return system.deliver(system.events[-1])


def resize_late(system: System) -> Worker:
    """Deliver it again when an earlier claim has ended."""
    system.now_ms += CLAIM_MS
    return resize(system)


def resize_stale(system: System) -> Worker:
    """Deliver the oldest event."""
    return system.deliver(system.events[0])


def upload_and_resize(system: System) -> Worker:
    return system.deliver(system.upload(ANN))


def upload_bobs_and_resize(system: System) -> Worker:
    return system.deliver(system.upload(BOB))


def upload_foreign_and_resize(system: System) -> Worker:
    return system.deliver(system.upload(FOREIGN))


def put_row(system: System) -> Worker:
    return system.put_row(FOREIGN)


def put_row_over_anns(system: System) -> Worker:
    return system.put_row(ANN)


def put_uuid(system: System) -> Worker:
    return system.put_row(FOREIGN, UUID)


def delete_foreign(system: System) -> Worker:
    return system.delete(FOREIGN)


def delete_uuid(system: System) -> Worker:
    return system.delete(FOREIGN, UUID)


def remove_uuids(system: System) -> Worker:
    system.remove_by_hand(FOREIGN)
    return doctor_late(system)


def give_up_late(system: System) -> Worker:
    system.now_ms += CLAIM_MS
    return system.give_up(system.events[-1])


def give_up_stale(system: System) -> Worker:
    return system.give_up(system.events[0])


def delete(system: System) -> Worker:
    return system.delete(ANN)


def delete_bobs(system: System) -> Worker:
    return system.delete(BOB)


def doctor(system: System) -> Worker:
    return system.doctor()


def doctor_late(system: System) -> Worker:
    system.now_ms += CLAIM_MS
    return system.doctor()


def doctor_without_redrive(system: System) -> Worker:
    return system.doctor(redrive=False)


def lose(system: System) -> Worker:
    return system.lose(ANN)


def replace_and_examine(system: System) -> Worker:
    """The doctor comes before the event of the replacement."""
    system.upload(ANN)
    return doctor_late(system)


def remove_and_examine(system: System) -> Worker:
    system.remove_by_hand(ANN)
    return doctor_late(system)


PAIRS = [
    Pair("resize, replace", uploaded, resize, upload_and_resize),
    Pair("resize, delete", uploaded, resize, delete),
    Pair("resize, resize again", uploaded, resize, resize_late),
    Pair("resize, give up", uploaded, resize, give_up_late),
    Pair("resize, doctor", uploaded, resize, doctor_late),
    Pair("resize, doctor without original", uploaded, resize, remove_and_examine),
    Pair("resize, doctor on a replacement", uploaded, resize, replace_and_examine),
    Pair("resize, another user's resize", uploaded, resize, upload_bobs_and_resize),
    Pair("resize after another's, their delete", bobs_is_done, resize, delete_bobs),
    Pair("resize a replacement, the stale event", replaced, resize, resize_stale),
    Pair("resize a replacement, give up the stale event", replaced, resize, give_up_stale),
    Pair("resize no image, doctor on an image", uploaded_no_image, resize, replace_and_examine),
    Pair("resize no image, replace", replaced_by_no_image, resize, upload_and_resize),
    Pair("resize no image, delete", replaced_by_no_image, resize, delete),
    Pair("resize a quarantined image again, doctor", quarantined, resize, doctor),
    Pair("doctor on a quarantined image, delete", quarantined, doctor, delete),
    Pair("resize a replacement that is lost, doctor", replaced_and_lost, resize, doctor_late),
    Pair("doctor on a lost original, replace", done_and_lost, doctor, upload_and_resize),
    Pair("doctor on a lost original, delete", done_and_lost, doctor, delete),
    Pair("doctor on a lost one that was given up, delete", given_up_and_lost, doctor, delete),
    Pair("doctor on what was given up, it is lost", given_up, doctor_without_redrive, lose),
    Pair("doctor on a lost one in quarantine, replace", quarantined_and_lost, doctor, resize_stale),
    Pair("delete, replace", done, delete, upload_and_resize),
    Pair("delete, doctor", done, delete, doctor),
    Pair("doctor, replace", done, doctor, upload_and_resize),
    Pair("resize, a row is put over it", uploaded, resize, put_row_over_anns),
    Pair("doctor, a row is put over it", done, doctor, put_row_over_anns),
    Pair("resize a foreign object, its row", uploaded_elsewhere, resize, put_row),
    Pair("doctor, the row of a foreign object", elsewhere_done, doctor, put_row),
    Pair("resize an adopted row, resize again", uploaded_with_row, resize, resize_late),
    Pair("resize an adopted row, replace", uploaded_with_row, resize, upload_foreign_and_resize),
    Pair("resize an adopted row, delete", uploaded_with_row, resize, delete_foreign),
    Pair("resize an adopted row, give up", uploaded_with_row, resize, give_up_late),
    Pair("resize an adopted row, doctor", uploaded_with_row, resize, doctor_late),
    Pair("resize a UUID's row, resize again", uploaded_with_uuid, resize, resize_late),
    Pair("resize a UUID's row, replace", uploaded_with_uuid, resize, upload_foreign_and_resize),
    Pair("resize a UUID's row, delete", uploaded_with_uuid, resize, delete_uuid),
    Pair("resize a UUID's row, give up", uploaded_with_uuid, resize, give_up_late),
    Pair("resize a UUID's row, doctor", uploaded_with_uuid, resize, doctor_late),
    Pair("resize a UUID's row, put again", uploaded_with_uuid, resize, put_uuid),
    Pair("resize a UUID's row, no original", uploaded_with_uuid, resize, remove_uuids),
    Pair("delete a UUID's row, replace", uuid_done, delete_uuid, upload_foreign_and_resize),
    Pair("delete a UUID's row, doctor", uuid_done, delete_uuid, doctor),
]


def run(system: System, worker: Worker, calls: int | None = None) -> int:
    """Let it make this many calls, or all; returns how many it made."""
    made = 0
    while not worker.finished and made != calls:
        system.step(worker)
        system.check()
        made += 1
    return made


def run_pair(aws: Aws, settings: Settings, pair: Pair) -> int:
    """Run every order; returns how many there were. Raises AssertionError."""
    orders = 0
    for before, between, dies in _orders(aws, settings, pair):
        system = System(aws, settings)
        try:
            _run_order(system, pair, before, between, dies)
        finally:
            system.clear()
        orders += 1
    return orders


def _orders(aws: Aws, settings: Settings, pair: Pair) -> Iterator[tuple[int, int, bool]]:
    system = System(aws, settings)
    try:
        pair.arrange(system)
        first = run(system, pair.first(system))
        second = run(system, pair.second(system))
    finally:
        system.clear()
    for before in range(first + 1):
        for between in range(1, second + 1):
            yield before, between, False
        yield before, second + 100, True


def _run_order(system: System, pair: Pair, before: int, between: int, dies: bool) -> None:
    pair.arrange(system)
    first = pair.first(system)
    run(system, first, before)
    second = pair.second(system)
    run(system, second, between)
    if dies and not first.finished:
        system.crash(first)
    run(system, first)
    run(system, second)
    system.settle()
    system.check_settled()
