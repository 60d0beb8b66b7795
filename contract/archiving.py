"""When a lifecycle rule may have removed an original. Pure."""

DAY_MS = 24 * 3600 * 1000


def removed_before_ms(now_ms: int, expire_originals_days: int) -> int:
    """Originals created before this time may be gone; 0 if there is no such rule (0 days).

    S3 removes them up to two days later ("Expiring objects", S3 User Guide).
    """
    return now_ms - expire_originals_days * DAY_MS if expire_originals_days > 0 else 0
