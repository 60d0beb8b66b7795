"""The model's own test: without any one guard of the code, some history breaks a promise."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from api.aws.dynamodb import repository as api_repository
from contract import metadata
from contract.record import Reason, Status
from contract.transitions import TRANSITIONS, Order, Rule, Transition
from resizer import resize, storage
from resizer.doctor import diagnosis, doctor
from resizer.repository import Repository
from resizer.resize import Resizer
from resizer.settings import Settings
from resizer.storage import Storage
from tests.proofs.model.histories import run_histories
from tests.proofs.model.pairs import PAIRS, run_pair
from tests.proofs.model.system import Aws

HISTORIES = 200
Remove = Callable[[pytest.MonkeyPatch], None]


def rules(
    patch: pytest.MonkeyPatch, transition: Transition, change: Callable[[Rule], Rule]
) -> None:
    after, before = TRANSITIONS[transition]
    changed: Any = TRANSITIONS
    patch.setitem(changed, transition, (after, tuple(change(rule) for rule in before)))


def any_order(rule: Rule) -> Rule:
    return replace(rule, order=Order.ANY, owned=False)


def any_owner(rule: Rule) -> Rule:
    return replace(rule, owned=False)


def also_deleted(rule: Rule) -> Rule:
    return replace(rule, before=rule.before | {Status.DELETED})


def any_status(rule: Rule) -> Rule:
    return replace(rule, before=frozenset({*Status, None}), order=Order.ANY, owned=False)


def claims_in_any_order(patch: pytest.MonkeyPatch) -> None:
    rules(patch, Transition.CLAIM, any_order)


def claims_of_tombstones(patch: pytest.MonkeyPatch) -> None:
    rules(patch, Transition.CLAIM, also_deleted)


def completion_of_another_event(patch: pytest.MonkeyPatch) -> None:
    rules(patch, Transition.COMPLETE, any_order)


def completion_by_whoever_was_taken_over(patch: pytest.MonkeyPatch) -> None:
    rules(patch, Transition.COMPLETE, any_owner)


def completion_of_anything(patch: pytest.MonkeyPatch) -> None:
    rules(patch, Transition.COMPLETE, any_status)


def failure_of_another_event(patch: pytest.MonkeyPatch) -> None:
    rules(patch, Transition.FAIL, any_order)


def failure_of_what_is_done(patch: pytest.MonkeyPatch) -> None:
    rules(patch, Transition.FAIL, any_status)


def giving_up_what_is_newer(patch: pytest.MonkeyPatch) -> None:
    rules(patch, Transition.GIVE_UP, any_order)


def never_first(rule: Rule) -> Rule:
    return replace(rule, order=Order.NEWER) if rule.order is Order.FIRST else rule


def adopting_nothing(patch: pytest.MonkeyPatch) -> None:
    for transition in (Transition.CLAIM, Transition.REDO):
        rules(patch, transition, never_first)


def looking_for_no_row(patch: pytest.MonkeyPatch) -> None:
    """Every foreign object gets a row of its own name."""
    patch.setattr(Repository, "locate", lambda self, ref: ref)


def looking_by_name_only(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Repository, "find_by_original_key", lambda self, user_id, key: None)


def tombstones_that_forget_their_object(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(api_repository, "is_planned_id", lambda image_id: True)


def reading_whatever_is_there(patch: pytest.MonkeyPatch) -> None:
    drop_argument(patch, "get_object", "IfMatch")


def thumbnails_without_precondition(patch: pytest.MonkeyPatch) -> None:
    drop_argument(patch, "put_object", "IfMatch", "IfNoneMatch")


def overwriting_other_users(patch: pytest.MonkeyPatch) -> None:
    def check(stored: Any, facts: Any) -> None:
        if stored.metadata[metadata.SEQUENCER] > facts[metadata.SEQUENCER]:
            raise storage.NewerThumbnailError

    patch.setattr(storage, "_check_replaceable", check)


def overwriting_newer_thumbnails(patch: pytest.MonkeyPatch) -> None:
    def check(stored: Any, facts: Any) -> None:
        if stored.metadata[metadata.USER_ID] != facts[metadata.USER_ID]:
            raise storage.KeyCollisionError

    patch.setattr(storage, "_check_replaceable", check)


def overwriting_what_the_doctor_replaced(patch: pytest.MonkeyPatch) -> None:
    """Of two uploads under one sequencer the last writer wins."""
    patch.setattr(Storage, "_check_original", lambda self, stored, key, user_metadata: None)


def removing_newer_thumbnails(patch: pytest.MonkeyPatch) -> None:
    remove = Storage.remove_thumbnails
    patch.setattr(
        Storage,
        "remove_thumbnails",
        lambda self, key, widths, up_to=None: remove(self, key, widths),
    )


def removing_what_the_doctor_replaced(patch: pytest.MonkeyPatch) -> None:
    """A thumbnail of another upload under the same sequencer counts as older."""

    def is_newer(self: Storage, thumbnail: Any, upload: Any) -> bool:
        return bool(thumbnail.metadata[metadata.SEQUENCER] > upload.sequencer)

    patch.setattr(Storage, "_is_newer", is_newer)


def removing_other_users_thumbnails(patch: pytest.MonkeyPatch) -> None:
    def remove(self: Storage, key: Any, widths: Any, up_to: Any = None) -> None:
        for width in widths:
            self.delete(str(key.thumbnail(width)))

    patch.setattr(Storage, "remove_thumbnails", remove)


def leaving_what_a_tombstone_refused(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Resizer, "remove_everything", lambda self, ref, record: None)


def doing_before_storing(patch: pytest.MonkeyPatch) -> None:
    """The record says `done` before its thumbnails are there."""
    store = Resizer._store

    def early(self: Resizer, rendition: Any, ref: Any) -> Any:
        self.repository.client.update_item(
            TableName=self.repository.table,
            Key={"userId": {"S": ref.key.user_id}, "imageId": {"S": ref.key.image_id}},
            UpdateExpression="SET #status = :done",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":done": {"S": "done"}},
        )
        return store(self, rendition, ref)

    patch.setattr(Resizer, "_store", early)


def forgetting_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Repository, "forget", lambda self, ref, change: None)


def forgetting_lost_originals(patch: pytest.MonkeyPatch) -> None:
    """The doctor removes what is left of an original that nobody deleted."""
    patch.setattr(doctor, "FORGETTABLE", frozenset())


def forgetting_with_thumbnails(patch: pytest.MonkeyPatch) -> None:
    """So does a late event."""
    patch.setattr(Resizer, "_archive", Resizer._remove)


def removing_thumbnails_of_what_was_given_up(patch: pytest.MonkeyPatch) -> None:
    """The doctor takes any failed image whose original is gone for an unusable one."""
    patch.setattr(diagnosis, "UNUSABLE", frozenset(Reason))


def cleaning_up_after_a_forgotten_record(patch: pytest.MonkeyPatch) -> None:
    """A worker that lost its record removes the thumbnails, perhaps of a lost original."""
    clean_up = Resizer._clean_up

    def careless(self: Resizer, ref: Any, record: Any) -> Any:
        if record is None:
            self.storage.remove_thumbnails(ref.key, self.settings.widths, up_to=ref)
        return clean_up(self, ref, record)

    patch.setattr(Resizer, "_clean_up", careless)


def cleaning_up_quarantined_images(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(resize, "REDRIVEN", frozenset())


def drop_argument(patch: pytest.MonkeyPatch, operation: str, *arguments: str) -> None:
    """Take arguments out of every call of an S3 operation by the resizer."""

    class Careless:
        def __init__(self, client: Any) -> None:
            self._client = client

        def __getattr__(self, name: str) -> Any:
            call = getattr(self._client, name)
            if name != operation:
                return call
            return lambda **sent: call(**{k: v for k, v in sent.items() if k not in arguments})

    original = Storage.__init__

    def make(self: Storage, client: Any, bucket: str) -> None:
        original(self, Careless(client), bucket)  # type: ignore[arg-type]  # stands in for a client

    patch.setattr(Storage, "__init__", make)


# The pair that notices it, tried first: the others take minutes.
NOTICED_BY: dict[Remove, str] = {
    claims_of_tombstones: "resize, delete",
    completion_by_whoever_was_taken_over: "resize, doctor on a replacement",
    failure_of_another_event: "resize no image, doctor on an image",
    failure_of_what_is_done: "resize no image, doctor on an image",
    giving_up_what_is_newer: "resize a replacement, give up the stale event",
    overwriting_other_users: "resize, another user's resize",
    removing_other_users_thumbnails: "resize, another user's resize",
    removing_newer_thumbnails: "resize no image, doctor on an image",
    adopting_nothing: "resize an adopted row, resize again",
    looking_for_no_row: "resize a UUID's row, resize again",
    looking_by_name_only: "resize a UUID's row, resize again",
    tombstones_that_forget_their_object: "delete a UUID's row, doctor",
    forgetting_lost_originals: "doctor on a lost original, replace",
    forgetting_with_thumbnails: "resize a replacement that is lost, doctor",
    overwriting_what_the_doctor_replaced: "resize, doctor on a replacement",
    removing_what_the_doctor_replaced: "resize no image, doctor on an image",
    removing_thumbnails_of_what_was_given_up: "doctor on what was given up, it is lost",
    cleaning_up_after_a_forgotten_record: "resize, doctor without original",
    cleaning_up_quarantined_images: "resize a quarantined image again, doctor",
}


def run_everything(aws: Aws, model_settings: Settings, first: str | None) -> None:
    for pair in sorted(PAIRS, key=lambda pair: pair.name != first):
        run_pair(aws, model_settings, pair)
    run_histories(aws, model_settings, HISTORIES, shrink=False)


GUARDS: list[Remove] = [
    claims_in_any_order,
    claims_of_tombstones,
    completion_of_another_event,
    completion_by_whoever_was_taken_over,
    completion_of_anything,
    failure_of_another_event,
    failure_of_what_is_done,
    giving_up_what_is_newer,
    adopting_nothing,
    looking_for_no_row,
    looking_by_name_only,
    tombstones_that_forget_their_object,
    reading_whatever_is_there,
    thumbnails_without_precondition,
    overwriting_other_users,
    overwriting_newer_thumbnails,
    overwriting_what_the_doctor_replaced,
    removing_newer_thumbnails,
    removing_what_the_doctor_replaced,
    removing_other_users_thumbnails,
    leaving_what_a_tombstone_refused,
    doing_before_storing,
    forgetting_nothing,
    forgetting_lost_originals,
    forgetting_with_thumbnails,
    removing_thumbnails_of_what_was_given_up,
    cleaning_up_after_a_forgotten_record,
    cleaning_up_quarantined_images,
]


@pytest.mark.parametrize("remove", GUARDS, ids=lambda remove: remove.__name__)
def test_each_removal_names_code_that_exists(
    remove: Remove, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Quick, unlike the proof below: a renamed function is noticed at once."""
    remove(monkeypatch)


@pytest.mark.mutations
@pytest.mark.parametrize("remove", GUARDS, ids=lambda remove: remove.__name__)
def test_the_model_notices_a_missing_guard(
    remove: Remove, aws: Aws, model_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove(monkeypatch)
    with pytest.raises(AssertionError):
        run_everything(aws, model_settings, NOTICED_BY.get(remove))
