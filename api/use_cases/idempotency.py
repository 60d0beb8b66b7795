"""Idempotency keys: a repeated POST returns the images of the first one. See decision 0032.

A row that is put only if there is none records when, and from which seed, the first request
planned its uploads. Everything else follows from these two and the request, so that two requests at
once, in two processes, plan the same records and sign the same uploads.
"""

import json
from collections.abc import Sequence
from dataclasses import astuple
from hashlib import sha256
from hmac import digest

from api.aws.dynamodb.idempotency import FirstRequest
from api.aws.s3.uploads import DeclaredFile
from api.use_cases.errors import IdempotencyKeyReusedError

NONCE_DIGITS = 8


def first_request(now_ms: int, seed: str, files: Sequence[DeclaredFile]) -> FirstRequest:
    fingerprint = sha256(json.dumps([astuple(file) for file in files]).encode()).hexdigest()
    return FirstRequest(now_ms, seed, fingerprint)


def nonce(request: FirstRequest, number: int) -> str:
    """The nonce in the image id of the file with this number in the request."""
    return digest(request.seed.encode(), str(number).encode(), "sha256").hex()[:NONCE_DIGITS]


def same_request(stored: FirstRequest, new: FirstRequest) -> FirstRequest:
    """`stored`, if `new` requests the same; otherwise raises IdempotencyKeyReusedError."""
    if stored.fingerprint != new.fingerprint:
        raise IdempotencyKeyReusedError
    return stored
