"""Named reads of partners, their tree, their clients and their plans."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, literal, or_, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.expression import CTE

from operational.partners.errors import PartnerNotFound
from operational.partners.models import Attribution, Edge, Partner, PlanVersion


def get(session: Session, partner_id: UUID) -> Partner:
    """The partner with this id.

    Raises:
        PartnerNotFound.
    """
    found = session.get(Partner, partner_id)
    if found is None:
        raise PartnerNotFound(f"partner {partner_id} does not exist")
    return found


def partners() -> Select[Partner]:
    """Every partner, oldest first."""
    return select(Partner).order_by(Partner.joined_at, Partner.id)


def by_code(code: str) -> Select[Partner]:
    return select(Partner).where(Partner.code == code)


def by_reference(reference: str) -> Select[Partner]:
    return select(Partner).where(Partner.reference == reference)


def by_user(user_id: UUID) -> Select[Partner]:
    """The partner who signs in as this user."""
    return select(Partner).where(Partner.user_id == user_id)


def tree_at(at: datetime) -> Select[Edge]:
    """Who stands above whom at one moment."""
    return select(Edge).where(_holds_at(Edge, at)).order_by(Edge.id)


def edges_since(at: datetime) -> Select[Edge]:
    """Every edge that holds at, or after, one moment."""
    return select(Edge).where(or_(Edge.valid_to.is_(None), Edge.valid_to > at)).order_by(Edge.id)


def attribution_at(client_id: UUID, at: datetime) -> Select[Attribution]:
    """Whose a client was at one moment; at most one."""
    return select(Attribution).where(
        Attribution.client_id == client_id,
        _holds_at(Attribution, at),
    )


def attributions_since(client_id: UUID, at: datetime) -> Select[Attribution]:
    """Every attribution of a client that holds at, or after, one moment."""
    return select(Attribution).where(
        Attribution.client_id == client_id,
        or_(Attribution.valid_to.is_(None), Attribution.valid_to > at),
    )


def clients_of(partner_id: UUID, at: datetime) -> Select[Attribution]:
    """The clients who belong to a partner itself at one moment, newest first."""
    return (
        select(Attribution)
        .where(
            Attribution.partner_id == partner_id,
            _holds_at(Attribution, at),
        )
        .order_by(Attribution.valid_from.desc(), Attribution.id.desc())
    )


def subtree(partner_id: UUID, at: datetime) -> CTE:
    """The partner (depth 0) and everybody below at one moment: columns `id`, `depth`."""
    below = select(literal(partner_id).label("id"), literal(0).label("depth")).cte(
        "below", recursive=True
    )
    return below.union_all(
        select(Edge.child_id, below.c.depth + 1).where(
            Edge.parent_id == below.c.id, _holds_at(Edge, at)
        )
    )


def plan_versions(name: str) -> Select[PlanVersion]:
    """Every version of a plan, drafts included, newest first."""
    return select(PlanVersion).where(PlanVersion.name == name).order_by(PlanVersion.version.desc())


def plan_in_force(name: str, at: datetime) -> Select[PlanVersion]:
    """The published version that pays a deal executed at `at`; none before the first."""
    return (
        select(PlanVersion)
        .where(
            PlanVersion.name == name,
            PlanVersion.published_by.is_not(None),
            PlanVersion.valid_from <= at,
        )
        .order_by(PlanVersion.valid_from.desc(), PlanVersion.version.desc())
        .limit(1)
    )


def _holds_at(table: type[Edge | Attribution], at: datetime) -> ColumnElement[bool]:
    return and_(table.valid_from <= at, or_(table.valid_to.is_(None), table.valid_to > at))
