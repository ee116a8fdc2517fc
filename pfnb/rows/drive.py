"""Files and folders of a user's drive."""

from typing import Literal, TypedDict

from pfnb.rows.content import ContentReference


class DriveEntry(TypedDict):
    """A file or folder. `path` begins at the drive; `contentLength` is in bytes, and null for folders, as `contentType` is;
    `updated` is milliseconds since the epoch, null where the storage does not tell."""

    name: str
    path: str
    type: Literal["file", "folder"]
    contentType: str | None
    contentLength: int | None
    updated: int | None


class ContentCollection(TypedDict):
    """Files of a folder. Their names are paths below it."""

    path: str
    children: list[ContentReference]
