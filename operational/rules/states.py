"""States of a table version."""

from enum import StrEnum


class VersionStatus(StrEnum):
    DRAFT = "draft"
    """Written by one person; decides nothing yet."""
    PUBLISHED = "published"
    """Put in force by a second person; at most one per table."""
    RETIRED = "retired"
    """Decides nothing any more; its decisions can still be replayed."""


TRANSITIONS: dict[VersionStatus, frozenset[VersionStatus]] = {
    VersionStatus.DRAFT: frozenset({VersionStatus.PUBLISHED, VersionStatus.RETIRED}),
    VersionStatus.PUBLISHED: frozenset({VersionStatus.RETIRED}),
    VersionStatus.RETIRED: frozenset(),
}
