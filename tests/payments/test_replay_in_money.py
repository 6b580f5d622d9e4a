"""Another version of the withdrawal table, tried on the past: losses, work, and people who waited."""

import copy
from datetime import timedelta

from operational.payments.withdrawals import meaning
from operational.rules import queries as rule_queries
from operational.rules import replays, service, tables
from tests.payments.deposits import NOW, a_verified_client, hear, rules_in_force
from tests.payments.withdrawals import COMPLIANCE, at_her_device, decide, money_in, take_out

LATER = NOW + timedelta(days=40)


def tried(session, version):
    replay = replays.ask(
        session, version.id, since=NOW - timedelta(days=9), until=LATER, actor=COMPLIANCE, now=LATER
    )
    while replays.advance(session, LATER, piece=2):
        pass
    return replay


def drafted(session, *, without=(), and_over=None):
    """The table in force without some of its rows, or with another limit of amount."""
    in_force = session.scalars(rule_queries.in_force(tables.WITHDRAWAL)).one()
    content = copy.deepcopy(in_force.content)
    rows = content["nodes"][1]["content"]["rules"]
    content["nodes"][1]["content"]["rules"] = [row for row in rows if row["_id"] not in without]
    for row in content["nodes"][1]["content"]["rules"]:
        if row["_id"] == "large" and and_over is not None:
            row["amount_usd"] = f"> {and_over}"
    return service.draft(
        session, tables.WITHDRAWAL, content, note="tried first", actor=COMPLIANCE, now=NOW
    )


def test_a_table_says_what_it_would_have_cost_and_spared(session):
    rules_in_force(session)
    # One is paid by rule, and a month later the bank takes the deposit back.
    fraud = a_verified_client(session, number=1)
    spent = money_in(session, fraud, "900.00 USD")
    gone = take_out(session, fraud, "500.00 USD")
    second = money_in(session, fraud, "80.00 USD")
    # One comes on a device nobody knows, and a person refuses it.
    stolen = a_verified_client(session, number=2)
    money_in(session, stolen, "700.00 USD")
    stranger = at_her_device(session, stolen, known_for=timedelta(hours=2))
    stopped = take_out(session, stolen, "700.00 USD", actor=stranger)
    decide(session, stopped, verdict="refused")
    # One is honest, large, and waits for nothing.
    honest = a_verified_client(session, number=3)
    money_in(session, honest, "3000.00 USD")
    decide(session, take_out(session, honest, "3000.00 USD"))
    hear(
        session,
        second,
        "charge.dispute.created",
        created=int((NOW + timedelta(days=30)).timestamp()),
    )
    assert (gone.status, stopped.status, spent.status) == ("approved", "refused", "succeeded")

    in_force = session.scalars(rule_queries.in_force(tables.WITHDRAWAL)).one()
    same = tried(session, in_force)
    stricter = meaning.of(session, tried(session, drafted(session, and_over=100)).id)
    looser = meaning.of(
        session, tried(session, drafted(session, without={"new_device"}, and_over=9000)).id
    )

    assert rule_queries.different_count(session, same.id) == 0
    then = meaning.of(session, same.id).then
    assert (then.passed, then.stopped, then.refused) == (1, 2, 0)
    assert (then.loss_passed_usd, then.loss_stopped_usd) == (500, 700)
    assert then.delayed_clients == 1
    assert (stricter.avoided_usd, stricter.leaked_usd) == (500, 0)
    assert stricter.tried.minutes - then.minutes == meaning.REVIEW_MINUTES
    assert (looser.avoided_usd, looser.leaked_usd) == (0, 700)
    assert (looser.tried.stopped, looser.tried.delayed_clients) == (0, 0)
