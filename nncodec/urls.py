"""Names of files elsewhere, which this package does not open."""

import re


def is_url(name: str) -> bool:
    """True for a name such as ``s3://bucket/a.png``. One letter before the colon is a drive."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", name) is not None
