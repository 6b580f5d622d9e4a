"""Two people change the tree at the same moment: one of them waits, and may be refused."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier

import pytest
from sqlalchemy import select

from operational.kit import db
from operational.kit.actor import Actor
from operational.kit.errors import DomainError
from operational.partners import queries, service
from operational.partners.errors import TreeCycle
from operational.partners.forms import PartnerForm
from operational.partners.models import Edge

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MANAGEMENT = Actor(
    id="00000000-0000-7000-8000-000000000001", name="Mo", roles=frozenset({"management"})
)
ROUNDS = 5


def a_partner(session, code):
    form = PartnerForm(
        email=f"{code.lower()}@partners.example",
        name=code,
        code=code,
        country="DE",
        currency="USD",
        plan_name="standard",
    )
    return service.create_partner(session, form, actor=MANAGEMENT, now=NOW)


def at_once(engine, *moves):
    """Each move in a transaction and thread of its own; what each was refused with."""
    ready = Barrier(len(moves))

    def move(child, parent):
        try:
            with db.transaction(engine) as session:
                ready.wait()
                service.move_partner(
                    session, child, parent, since=NOW, reason="x", actor=MANAGEMENT, now=NOW
                )
        except DomainError as refusal:
            return type(refusal)
        return None

    with ThreadPoolExecutor(len(moves)) as pool:
        return list(pool.map(lambda pair: move(*pair), moves))


@pytest.mark.parametrize("number", range(ROUNDS))
def test_two_moves_that_together_close_a_circle_never_both_pass(module_database, number):
    engine = module_database.engine()
    with db.transaction(engine) as session:
        one, two = (a_partner(session, f"{name}{number}").id for name in ("ONE", "TWO"))

    refused = at_once(engine, (one, two), (two, one))

    assert sorted(map(str, refused)) == sorted(map(str, [None, TreeCycle]))


def test_a_partner_moved_by_two_people_has_one_parent_afterwards(module_database):
    engine = module_database.engine()
    with db.transaction(engine) as session:
        child, left, right = (a_partner(session, name).id for name in ("KID", "LEFT", "RIGHT"))

    refused = at_once(engine, (child, left), (child, right))

    assert refused == [None, None]
    with db.transaction(engine) as session:
        held = session.scalars(queries.tree_at(NOW).where(Edge.child_id == child)).all()
        assert len(held) == 1
        live = session.scalars(
            select(Edge).where(Edge.child_id == child, Edge.valid_to.is_(None))
        ).all()
        assert list(held) == list(live)
