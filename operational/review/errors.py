"""What the review queue refuses."""

from operational.kit.errors import DomainError, NotFound, Stale


class CaseNotFound(NotFound):
    code = "case_not_found"


class CaseDecided(DomainError):
    """The case was decided before."""

    code = "case_decided"


class EvidenceStale(Stale):
    """The case is no longer what the decider was shown."""

    code = "evidence_stale"


class EvidenceForeign(DomainError):
    """The evidence was served to somebody else, or of another case."""

    code = "evidence_foreign"


class EvidenceNotFound(NotFound):
    code = "evidence_not_found"


class NoteMissing(DomainError):
    """A decision says why."""

    code = "note_missing"
