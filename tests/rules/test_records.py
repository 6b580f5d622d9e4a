"""What was decided, shown or told stays as it was written: not even the owner writes it anew."""

from datetime import timedelta

import psycopg
import pytest

from operational.kit import db
from operational.kit.actor import Actor
from operational.partners import plans
from operational.partners.rules import Rate
from operational.rules import service, tables
from tests.faults import contenders
from tests.payments.deposits import NOW, SYSTEM, rules_in_force

REWRITES = [
    "update rules.decision set outcome = '{}'",
    "update rules.decision set facts = '{}'",
    "delete from rules.decision",
    "update rules.table_version set content = '{}'",
    "update rules.table_version set published_by = 'x'",
    "update review.evidence set payload = '{}'",
    "delete from review.evidence",
    "update payments.payment_event set amount_minor = 1",
    "update payments.payment_event set news = 'failed'",
    "update partners.plan_version set rates = '[]'",
    "update partners.plan_version set valid_from = now()",
]
LEAD = {"country": "DE", "language": "de", "source": "web", "referral": "none"}


@pytest.fixture(scope="module")
def records(module_database):
    """One of each, and a connection of the superuser."""
    with db.transaction(module_database.engine()) as session:
        rules_in_force(session)
        service.decide(session, tables.LEAD_ROUTING, LEAD, subject=("client", "x"), now=NOW)
        contenders.cases(session, 1)
        contenders.captured(session, 1)
        rate = Rate("fx", "7", "USD", symbol_group="forex")
        plan = plans.add_plan_version(
            session, "p", [rate], valid_from=NOW + timedelta(1), actor=SYSTEM, now=NOW
        )
        plans.publish_plan(session, plan.id, actor=Actor.system("second"), now=NOW)
    url = module_database.admin_url.set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize("rewrite", REWRITES)
@pytest.mark.parametrize("role", [db.API, db.OWNER])
def test_nobody_writes_a_record_anew(records, role, rewrite):
    with records.transaction(force_rollback=True):
        records.execute(f"set local role {role}")

        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            records.execute(rewrite)


def test_a_published_version_can_be_taken_out_of_force(records):
    with records.transaction(force_rollback=True):
        records.execute(f"set local role {db.API}")
        records.execute("update rules.table_version set status = 'retired'")
        records.execute("update payments.payment_event set is_applied = false")
