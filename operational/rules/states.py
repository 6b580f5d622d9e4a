"""States of a table version, and of one tried on the past."""

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


class ReplayStatus(StrEnum):
    RUNNING = "running"
    DONE = "done"
    """Every decision of its span was tried."""
    STOPPED = "stopped"
    """A person had seen enough; what was tried until then stays."""
