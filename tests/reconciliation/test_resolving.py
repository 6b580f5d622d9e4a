"""How breaks end: once, for a reason, by two persons where no proof came from outside, to the cent."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from operational.access import queries as access
from operational.access.errors import AlreadyDecided, SecondPersonNeeded
from operational.access.matrix import Role
from operational.access.models import Approval
from operational.kit import db
from operational.kit.errors import Conflict, DomainError, Forbidden, InvalidInput
from operational.kit.ids import uuid7
from operational.reconciliation import queries, resolving, service
from operational.reconciliation.errors import (
    BreakClosed,
    LinesDiffer,
    LineTaken,
    LineUnknown,
    NothingToPost,
)
from operational.reconciliation.history import KIND
from operational.reconciliation.models import BreakItem, MatchedLine, Resolution
from operational.reconciliation.states import (
    FOUR_EYES,
    LIVE,
    TRANSITIONS,
    Action,
    BreakStatus,
    Reason,
)
from operational.rules import service as rules
from tests.reconciliation.breaks import (
    CANDIDATES,
    FEE,
    MISSING,
    NOW,
    PROOF,
    a_person,
    balances,
    proposal,
    taken,
    whole,
)

DAY = timedelta(days=1)


@pytest.fixture
def told(session):
    rules.install_defaults(session, NOW)
    return session


def only(session, **changes):
    """One break, as found."""
    taken(session, replace(FEE, **changes))
    return session.scalars(queries.live()).one()


def agreed(session, item, action, **changes):
    """Asked for by one and agreed to by another."""
    ann, bob = a_person(session), a_person(session)
    asked = resolving.ask(session, item.id, proposal(action, **changes), actor=ann, now=NOW)
    resolving.decide(session, asked.id, agree=True, actor=bob, now=NOW)
    return ann, bob


@pytest.mark.parametrize(
    ("found", "action", "named", "booked"),
    [
        # The provider kept 3.00: less is owed by it, and it is a cost of ours.
        ({}, Action.ADJUST, "psp_fees", {"psp:stripe:USD": 300, "psp_fees:USD": -300}),
        ({}, Action.WRITE_OFF, None, {"psp:stripe:USD": 300, "break_loss:USD": -300}),
        # It has 3.00 that nobody expected: it owes more, and we owe it to somebody.
        (
            {"expected_minor": 0, "actual_minor": 300, "difference_minor": 300},
            Action.ADJUST,
            "unallocated",
            {"psp:stripe:USD": -300, "unallocated:USD": 300},
        ),
        # A batch that no bank has is still the provider's; money a bank alone knows is the bank's.
        (
            {"leg": "bank_line", "details": {"expectations": ["settlement:stripe/po_1"]}},
            Action.WRITE_OFF,
            None,
            {"psp:stripe:USD": 300, "break_loss:USD": -300},
        ),
        (
            {"leg": "bank_line", "counterpart": "DE89", "difference_minor": 300, "details": {}},
            Action.ADJUST,
            "unallocated",
            {"bank:DE89:USD": -300, "unallocated:USD": 300},
        ),
        # What the platform did not book is not owed there, but still to the client.
        (
            {
                "leg": "platform_deal",
                "counterpart": "Live-01",
                "details": {"pool": "mt5/Live-01/700001"},
            },
            Action.ADJUST,
            "unallocated",
            {"platform:mt5:Live-01:USD": -300, "unallocated:USD": 300},
        ),
    ],
)
def test_a_difference_is_booked_from_where_it_is_to_where_it_belongs(
    told, found, action, named, booked
):
    item = only(told, **found)

    ann, bob = agreed(told, item, action, account=named)

    assert balances(told) == booked
    (kept,) = told.scalars(queries.resolutions_of(item.id))
    assert (kept.made_by, kept.agreed_by, kept.evidence_link) == (ann.id, bob.id, PROOF)
    assert (kept.amount_minor, kept.reason_code) == (item.difference_minor, "fee")
    key = told.scalar(
        text("select op_key from ledger.journal where id = :id"), {"id": kept.journal_id}
    )
    assert key == f"recon:{item.id}:{action}"


def test_a_person_matches_by_hand_what_adds_up_and_a_line_only_once(told):
    taken(told, MISSING, replace(MISSING, break_key="another", our_reference="D-9"))
    one, other = told.scalars(queries.live().order_by(BreakItem.id))
    ann = a_person(told)

    def match(item, *lines):
        return resolving.match(
            told, item.id, proposal(Action.MATCH, lines=lines), actor=ann, now=NOW
        )

    first, six, four, _ = (each["line_id"] for each in CANDIDATES)
    with pytest.raises(LinesDiffer):
        match(one, six)
    with pytest.raises(LineUnknown):
        match(one, "stripe:r9:9")
    with pytest.raises(LineUnknown):
        match(one)
    match(one, six, four)
    with pytest.raises(LineTaken), told.begin_nested():
        match(other, six, four)
    match(other, first)

    assert (one.status, other.status) == ("resolved_matched", "resolved_matched")
    kept = told.execute(select(MatchedLine.line_id, MatchedLine.break_key)).all()
    assert Counter(key for _, key in kept) == {MISSING.break_key: 2, "another": 1}
    assert balances(told) == {}


def test_a_match_by_force_needs_a_second_person_and_books_nothing(told):
    taken(told, MISSING)
    (item,) = told.scalars(queries.live())

    agreed(told, item, Action.FORCE_MATCH, lines=(CANDIDATES[3]["line_id"],))

    (kept,) = told.scalars(queries.resolutions_of(item.id))
    assert (item.status, kept.amount_minor, kept.journal_id) == ("resolved_matched", 9_700, None)


@pytest.mark.parametrize("action", sorted(FOUR_EYES))
def test_nobody_ends_a_break_alone(told, action):
    taken(told, MISSING)
    (item,) = told.scalars(queries.live())
    lines = (CANDIDATES[3]["line_id"],) if action is Action.FORCE_MATCH else ()
    wanted = proposal(action, lines=lines)
    ann, bob, clerk = a_person(told), a_person(told), a_person(told, Role.SUPPORT)

    with pytest.raises(Forbidden):
        resolving.ask(told, item.id, wanted, actor=clerk, now=NOW)
    for link in (None, "javascript:alert(1)"):
        unproved = replace(wanted, evidence_link=link)
        with pytest.raises(InvalidInput):
            resolving.ask(told, item.id, unproved, actor=ann, now=NOW)
    asked = resolving.ask(told, item.id, wanted, actor=ann, now=NOW)
    with pytest.raises(Conflict):
        resolving.ask(told, item.id, proposal(Action.WRITE_OFF), actor=bob, now=NOW)
    for someone, refusal in ((ann, SecondPersonNeeded), (clerk, Forbidden)):
        with pytest.raises(refusal):
            resolving.decide(told, asked.id, agree=True, actor=someone, now=NOW)
    assert (item.status, balances(told)) == ("open", {})

    # Someone who reaches the database may write what the API may write, and no more.
    for tampering in (
        "update reconciliation.resolution set made_by = 'x'",
        "delete from reconciliation.resolution",
        "update reconciliation.matched_line set line_id = 'x'",
        "update reconciliation.break_event set note = 'x'",
        "insert into reconciliation.intake values (2, 0, now())",
    ):
        with pytest.raises(DBAPIError), told.begin_nested():
            told.execute(text(tampering))
    alone = insert(Resolution).values(
        id=uuid7(), break_id=item.id, break_key="x", action=action, reason_code="fee", note="x",
        currency="USD", amount_minor=1, made_by=ann.id, agreed_by=ann.id, at=NOW,
    )  # fmt: skip
    with pytest.raises(DBAPIError), told.begin_nested():
        told.execute(alone)

    resolving.decide(told, asked.id, agree=True, actor=bob, now=NOW)
    with pytest.raises(AlreadyDecided):
        resolving.decide(told, asked.id, agree=True, actor=a_person(told), now=NOW)
    with pytest.raises(BreakClosed):
        resolving.ask(told, item.id, wanted, actor=bob, now=NOW)
    with pytest.raises(DBAPIError), told.begin_nested():
        told.execute(text("update reconciliation.break_item set status = 'open', closed_at = null"))


def test_what_was_altered_after_it_was_asked_for_is_not_carried_out(told):
    item = only(told)
    ann, bob = a_person(told), a_person(told)
    asked = resolving.ask(told, item.id, proposal(Action.ADJUST), actor=ann, now=NOW)
    told.execute(
        update(Approval)
        .where(Approval.id == asked.id)
        .values(payload=asked.payload | {"account": "rounding_difference"})
    )

    with pytest.raises(AssertionError, match="altered"), told.begin_nested():
        resolving.decide(told, asked.id, agree=True, actor=bob, now=NOW)

    assert balances(told) == {}


def test_what_cannot_be_booked_is_not_asked_for(told):
    even = only(told, actual_minor=10_000, difference_minor=0, kind="timing")
    ann = a_person(told)

    with pytest.raises(NothingToPost):
        resolving.ask(told, even.id, proposal(Action.WRITE_OFF), actor=ann, now=NOW)
    wallet = proposal(Action.ADJUST, account="wallet:somebody")
    with pytest.raises(NothingToPost):
        resolving.ask(told, even.id, wallet, actor=ann, now=NOW)
    with pytest.raises(InvalidInput):
        service.wait(
            told, even.id, NOW + 90 * DAY, Reason.TIMING, reason="some day", actor=ann, now=NOW
        )
    clerk = a_person(told, Role.SUPPORT)
    with pytest.raises(InvalidInput):
        service.assign(told, even.id, id_of(clerk), actor=ann, now=NOW)


def id_of(actor):
    return UUID(actor.id)


STEPS = st.one_of(
    st.tuples(st.just("take"), st.sampled_from(["same", "grown", "none"])),
    st.tuples(st.sampled_from(["assign", "investigate", "note", "wait", "match", "later"])),
    st.tuples(st.just("ask"), st.sampled_from(sorted(FOUR_EYES)), st.integers(0, 1)),
    st.tuples(st.just("decide"), st.booleans(), st.integers(0, 1)),
)


class Desk:
    """One break's life, and what must hold after every step."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.people = [a_person(session), a_person(session)]
        self.now, self.snapshot, self.found = NOW, 1, MISSING
        self.closed: dict = {}

    def do(self, step) -> None:
        before = whole(self.session)
        try:
            with self.session.begin_nested():
                getattr(self, step[0])(*step[1:])
        except DomainError:
            self.session.expire_all()
            assert whole(self.session) == before, "what is refused leaves no trace"
        self.check(before)

    def item(self):
        """The open break; of none the last closed one, to knock at a shut door."""
        newest = select(BreakItem).order_by(BreakItem.closed_at.nulls_first(), BreakItem.id.desc())
        found = self.session.scalars(newest.limit(1)).one_or_none()
        return found.id if found else uuid7()

    def take(self, what) -> None:
        if what == "grown":
            minor = self.found.expected_minor + 100
            self.found = replace(self.found, expected_minor=minor, difference_minor=-minor)
        self.snapshot += 1
        found = () if what == "none" else (self.found,)
        taken(self.session, *found, after=self.now - NOW, snapshot=self.snapshot)

    def later(self) -> None:
        self.now += DAY

    def assign(self) -> None:
        owner = self.people[0]
        service.assign(self.session, self.item(), id_of(owner), actor=owner, now=self.now)

    def investigate(self) -> None:
        service.investigate(self.session, self.item(), actor=self.people[0], now=self.now)

    def note(self) -> None:
        service.note(self.session, self.item(), "looked at it", actor=self.people[0], now=self.now)

    def wait(self) -> None:
        until, why = self.now + DAY, {"reason": "it is late", "actor": self.people[0]}
        service.wait(self.session, self.item(), until, Reason.TIMING, **why, now=self.now)

    def match(self) -> None:
        wanted = proposal(Action.MATCH, lines=(CANDIDATES[0]["line_id"],))
        resolving.match(self.session, self.item(), wanted, actor=self.people[0], now=self.now)

    def ask(self, action, who) -> None:
        lines = (CANDIDATES[3]["line_id"],) if action is Action.FORCE_MATCH else ()
        wanted = proposal(action, lines=lines)
        resolving.ask(self.session, self.item(), wanted, actor=self.people[who], now=self.now)

    def decide(self, agree, who) -> None:
        newest = access.waiting_approvals(KIND).limit(1)
        approval = self.session.scalars(newest).one_or_none()
        wanted = approval.id if approval else uuid7()
        actor = self.people[who]
        resolving.decide(self.session, wanted, agree=agree, actor=actor, now=self.now)

    def check(self, before) -> None:
        after = whole(self.session)
        was = {row["id"]: row for row in before["break_item"]}
        for row in after["break_item"]:
            old = was.get(row["id"])
            if old and old["status"] != row["status"]:
                assert BreakStatus(row["status"]) in TRANSITIONS[BreakStatus(old["status"])]
            if old and old["closed_at"]:
                assert row == old, "a closed break never changes"
        live = [row for row in after["break_item"] if BreakStatus(row["status"]) in LIVE]
        assert len(live) <= 1
        final = [row for row in after["resolution"] if row["action"] != "wait"]
        assert max(Counter(row["break_id"] for row in final).values(), default=1) == 1
        assert all(
            row["agreed_by"] not in {None, row["made_by"]}
            for row in final
            if row["action"] != "match"
        )
        booked = [row for row in final if row["action"] in {"adjust", "write_off"}]
        assert all(row["journal_id"] for row in booked)
        owed = -sum(row["amount_minor"] for row in booked)
        assert balances(self.session).get("psp:stripe:USD", 0) == owed
        assert sum(balances(self.session).values()) == 0
        assert after["break_event"][: len(before["break_event"])] == before["break_event"]


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(STEPS, min_size=6, max_size=14))
def test_whatever_people_and_the_lake_do_in_any_order_a_break_ends_once_and_rightly(
    module_database, steps
):
    with module_database.engine(db.API).connect() as connection:
        outer = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            rules.install_defaults(session, NOW)
            desk = Desk(session)
            desk.do(("take", "same"))
            for step in steps:
                desk.do(step)
        outer.rollback()
