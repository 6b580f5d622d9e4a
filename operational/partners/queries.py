"""Named reads of partners, their tree, their clients and their plans."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, literal, or_, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.expression import CTE

from operational.partners.errors import PartnerNotFound, PlanNotFound
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


def partners(text: str = "") -> Select[Partner]:
    """Partners of everybody, of one reference or code, or with this in their name; in no order."""
    wanted = text.strip()
    if not wanted:
        return select(Partner)
    return select(Partner).where(
        or_(
            Partner.reference == wanted.upper(),
            Partner.code == wanted.upper(),
            Partner.name.icontains(wanted, autoescape=True),
        )
    )


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


def below(partner_id: UUID, at: datetime) -> Select[Partner, int]:
    """Everybody below a partner at one moment, with how many steps down, nearest first."""
    found = subtree(partner_id, at)
    return (
        select(Partner, found.c.depth)
        .join(found, found.c.id == Partner.id)
        .where(found.c.depth > 0)
        .order_by(found.c.depth, Partner.joined_at, Partner.id)
    )


def client_counts(session: Session, at: datetime) -> dict[UUID, int]:
    """How many clients belong to each partner itself at one moment."""
    found = (
        select(Attribution.partner_id, func.count())
        .where(_holds_at(Attribution, at))
        .group_by(Attribution.partner_id)
    )
    return {partner_id: count for partner_id, count in session.execute(found)}  # noqa: C416 - a row is no pair to dict()


def plan(session: Session, version_id: UUID) -> PlanVersion:
    """The plan version with this id.

    Raises:
        PlanNotFound.
    """
    found = session.get(PlanVersion, version_id)
    if found is None:
        raise PlanNotFound(f"plan version {version_id} does not exist")
    return found


def plan_versions(name: str | None = None) -> Select[PlanVersion]:
    """Every version of one plan or of all, drafts included, newest first."""
    found = select(PlanVersion).order_by(PlanVersion.name, PlanVersion.version.desc())
    return found if name is None else found.where(PlanVersion.name == name)


def plan_drafts() -> Select[PlanVersion]:
    """Plan versions that wait for a second person."""
    return plan_versions().where(PlanVersion.published_by.is_(None))


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
