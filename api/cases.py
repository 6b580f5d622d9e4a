"""What there is to a case besides its reasons, by its kind: each domain says it of its own."""

from uuid import UUID

from sqlalchemy.orm import Session

from operational.kyc import evidence as identity
from operational.payments.withdrawals import evidence as withdrawals
from operational.payments.withdrawals.deciding import CASE_KINDS
from operational.review import queries
from operational.review.service import About

ABOUT: dict[str, About] = {
    "kyc": identity.about,
    **dict.fromkeys(CASE_KINDS, withdrawals.about),
}


def about(session: Session, case_id: UUID) -> About:
    """What to show of this case.

    Raises:
        CaseNotFound.
    """
    return ABOUT[queries.get(session, case_id).kind]
