"""A content reference: bytes that are stored elsewhere, in the place of a value."""

from typing import TypedDict


class ContentReference(TypedDict):
    """`content` is `$uri:attachment:` and an id; `checksum` is `sha-256=` and hex, `contentLength` is in bytes. `field` is the
    form field that a file came in."""

    name: str
    field: str | None
    contentType: str
    contentLength: int
    contentEncoding: str | None
    checksum: str
    content: str


class AttachmentRow(ContentReference):
    """An attachment of a property. Times are milliseconds since the epoch."""

    created: int
    updated: int | None
