"""What the partners' domain refuses."""

from operational.kit.errors import Conflict, DomainError, InvalidInput, NotFound


class PartnerNotFound(NotFound):
    code = "partner_not_found"


class CodeTaken(Conflict):
    """Another partner has this referral code."""

    code = "code_taken"


class TreeCycle(DomainError):
    """The partner would stand, directly or not, above itself."""

    code = "tree_cycle"


class MoveInPast(DomainError):
    """What was paid on stays; moves count from now on."""

    code = "move_in_past"


class SelfReferral(DomainError):
    """A partner brings itself."""

    code = "self_referral"


class PlanNotFound(NotFound):
    code = "plan_not_found"


class PlanInvalid(InvalidInput):
    """Rates that could pay one symbol twice, or pay no exact amount."""

    code = "plan_invalid"


class PlanPublished(Conflict):
    """The version was published before; it never changes."""

    code = "plan_published"
