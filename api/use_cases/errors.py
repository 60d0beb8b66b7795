"""Every error of a use case. `api.http.error_handlers` maps each to a problem document.

UseCaseError
├── FileTooLargeError
├── QuotaExceededError
├── TooManyUploadsError
├── IdempotencyKeyReusedError
├── ImageDeletedError
└── ImageNotFoundError
"""


class UseCaseError(Exception):
    """The request is rejected; nothing was changed."""


class FileTooLargeError(UseCaseError):
    """A file is larger than `max_bytes`."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__(f"at most {max_bytes} bytes")
        self.max_bytes = max_bytes


class QuotaExceededError(UseCaseError):
    """The user already has as many images or bytes as allowed."""


class TooManyUploadsError(UseCaseError):
    """The user already has as many unused upload URLs as allowed."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__()
        self.retry_after_s = retry_after_s


class IdempotencyKeyReusedError(UseCaseError):
    """The idempotency key belongs to a different request."""


class ImageDeletedError(UseCaseError):
    """The image that this idempotency key stands for has been deleted."""


class ImageNotFoundError(UseCaseError):
    """There is no such image, or the user cannot see it."""
