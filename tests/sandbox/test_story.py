"""The demo broker's story: whole, the same when told in pieces, and never told twice."""

import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from operational.payments.psp.connect import PROVIDERS
from sandbox.story import logins, telling, vendors
from sandbox.story.cashing import BAD
from tests.api.opened import free_ports

END = datetime(2026, 3, 6, 18, 0, tzinfo=UTC)
CLIENTS, DAYS = 14, 6
ROOM_SECONDS = 120

_TELL = f"""
from datetime import datetime
from operational.kit.settings import Settings
from sandbox.story.cashing import BAD
from sandbox.story import telling
end = datetime.fromisoformat("{END.isoformat()}")
telling.run(Settings(), {CLIENTS}, {DAYS}, end=end, market=None)
"""

_FACTS = {
    "clients": "select email, stage, queue, country from clients.client order by email",
    "partners": "select code, plan_name from partners.partner order by code",
    "attributions": """
        select c.email, p.code from partners.attribution a
        join clients.client c on c.id = a.client_id
        join partners.partner p on p.id = a.partner_id order by 1, 2""",
    "payments": """
        select c.email, p.psp, p.status, p.amount_minor, p.currency from payments.payment p
        join clients.client c on c.id = p.client_id order by 1, 4, 2, 3""",
    "transfers": """
        select c.email, t.status, t.amount_minor from platforms.transfer t
        join clients.client c on c.id = t.client_id order by 1, 3""",
    "accounts": """
        select c.email, a.login, a.currency, a.leverage, a.observed_status, a.observed_balance_minor
        from platforms.trading_account a join clients.client c on c.id = a.client_id order by 1""",
    "books": """
        select currency, kind, sum(abs(amount)) from ledger.entry
        join ledger.journal on journal.id = entry.journal_id group by 1, 2 order by 1, 2""",
    "withdrawals": """
        select c.email, w.amount_minor, w.currency, w.status from payments.withdrawal w
        join clients.client c on c.id = w.client_id order by 1, w.requested_at""",
    "cases": """
        select c.email, r.status, r.reasons from review.case r
        join clients.client c on c.id = r.client_id order by 1""",
    "verbs": "select verb, count(*) from audit.event group by 1 order by 1",
}


@dataclass
class Telling:
    """A hub of its own, and what was told there."""

    database: object
    settings: object
    days: list[int] = field(default_factory=list)

    def tell(self):
        telling.run(
            self.settings,
            CLIENTS,
            DAYS,
            progress=lambda day, *_: self.days.append(day),
            end=END,
            market=None,
        )

    def tell_until_killed(self, acts):
        """In a process of its own, killed without warning once so many acts were told."""
        command = [sys.executable, "-c", _TELL]
        with subprocess.Popen(command, env=self.settings.environment()) as process:
            deadline = time.monotonic() + ROOM_SECONDS
            while self.acts() < acts and process.poll() is None:
                assert time.monotonic() < deadline, "the story does not get on"
                time.sleep(0.02)
            process.send_signal(signal.SIGKILL)

    def acts(self):
        return self.ask("select count(*) from messaging.idempotency where principal = 'story'")[0][
            0
        ]

    def ask(self, query):
        with self.database.engine().connect() as connection:
            return [tuple(row) for row in connection.execute(text(query))]

    def facts(self):
        """What happened, without the ids that chance gave."""
        return {name: self.ask(query) for name, query in _FACTS.items()}

    def deals(self):
        """Every deal on the platform, without its ticket."""
        with sqlite3.connect(self.settings.root / "sandbox" / "mt5.sqlite") as store:
            bodies = [json.loads(body) for (body,) in store.execute("select body from deals")]
        kept = ("Login", "Symbol", "Action", "Entry", "Volume", "Price", "Profit")
        return Counter(tuple(body[name] for name in kept) for body in bodies)


def a_telling(cluster, home):
    database = cluster.create(home)
    mt5_port, *found = free_ports(1 + len(PROVIDERS))
    psp_ports = dict(zip(PROVIDERS, found, strict=True))
    settings = database.settings.model_copy(update={"mt5_port": mt5_port, "psp_ports": psp_ports})
    return Telling(database, settings)


@pytest.fixture(scope="module")
def whole(cluster, tmp_path_factory):
    """A story told in one go."""
    found = a_telling(cluster, tmp_path_factory.mktemp("whole"))
    found.tell()
    yield found
    cluster.drop(found.database)


@pytest.fixture(scope="module")
def pieces(cluster, tmp_path_factory, whole):
    """The same story, killed twice on the way."""
    found = a_telling(cluster, tmp_path_factory.mktemp("pieces"))
    with vendors.running(found.settings):
        for part in (0.35, 0.7):
            found.tell_until_killed(part * whole.acts())
        found.tell()
    yield found
    cluster.drop(found.database)


def test_a_small_broker_has_clients_money_trades_partners_and_cases(whole):
    facts = whole.facts()

    assert len(facts["clients"]) == CLIENTS
    assert {stage for _, stage, *_ in facts["clients"]} >= {"lead", "verified"}
    assert {psp for _, psp, *_ in facts["payments"]} >= {"adyen", "stripe"}
    assert len({currency for *_, currency in facts["payments"]}) > 1
    assert facts["partners"]
    assert facts["cases"]
    assert sum(whole.deals().values()) > 20


def test_the_books_of_the_story_balance_and_nothing_is_left_to_do(whole):
    assert whole.ask("select currency from ledger.entry group by 1 having sum(amount) <> 0") == []
    assert whole.ask("select status from messaging.outbox where status <> 'sent'") == []
    assert whole.ask("select status from messaging.inbox where status <> 'done'") == []


def test_what_clients_have_on_the_platform_is_what_the_platform_says(whole):
    on_the_platform = whole.ask("""
        select sum(observed_balance_minor) is not null, count(*) filter (where differs_since is not null)
        from platforms.trading_account where login is not null
    """)

    assert on_the_platform == [(True, 0)]


def test_a_story_killed_on_the_way_goes_on_and_is_the_same(whole, pieces):
    assert pieces.facts() == whole.facts()
    assert pieces.deals() == whole.deals()
    assert pieces.acts() == whole.acts()


def test_a_story_told_again_changes_nothing(whole):
    before, deals = whole.facts(), whole.deals()

    whole.tell()

    assert (whole.facts(), whole.deals()) == (before, deals)


def test_there_is_a_login_for_every_role_that_only_its_owner_can_read(whole):
    path = whole.settings.root / logins.FILE
    known = logins.read(whole.settings)

    assert path.stat().st_mode & 0o077 == 0
    assert {login["role"] for login in known} == {
        *("sales", "support", "compliance", "finance", "analyst", "management", "super_admin"),
        *("client", "partner"),
    }
    assert all(login["email"] and login["password"] for login in known)
    assert sum("totp_secret" in login for login in known) == 7


def test_a_story_ends_at_the_last_midnight_so_that_a_day_has_one():
    noon = datetime(2026, 3, 2, 12, 30, 7, 9, tzinfo=UTC)

    assert telling.last_midnight(noon) == datetime(2026, 3, 2, tzinfo=UTC)


def test_progress_is_told_day_by_day(whole):
    assert whole.days[: DAYS + 1] == list(range(DAYS + 1))


def test_money_leaves_by_rule_and_what_was_planted_stops(cluster, tmp_path):
    """Sixteen clients over three weeks; each cashing says in which manner it was meant."""
    found = a_telling(cluster, tmp_path)
    telling.run(found.settings, 16, 21, 11, end=datetime(2026, 3, 2, tzinfo=UTC), market=None)
    asked = found.ask("""
        select key, content ->> 'manner', content ->> 'status'
        from messaging.idempotency, lateral (select convert_from(answer, 'utf8')::jsonb as content) a
        where principal = 'story' and content ? 'manner'
    """)
    cluster.drop(found.database)

    by_rule = [key for key, _, status in asked if status == "approved"]
    stopped = {manner for _, manner, status in asked if status == "review"}
    assert len(asked) >= 5
    assert len(by_rule) >= 0.6 * len(asked)
    # Of a burst the first ones are small withdrawals like any other.
    assert all(manner in {"usual", "large", "burst"} for key, manner, _ in asked if key in by_rule)
    planted = {manner for _, manner, _ in asked if manner in BAD}
    assert planted
    assert planted <= stopped
