"""The daily client-money report: right to the cent, the same for ever, and signed by a person."""

import io
import re
from datetime import timedelta

import openpyxl
import pikepdf
import pytest

from lake import connection, publication
from lake.publication import Candidate
from operational.access.errors import SecondPersonNeeded
from operational.access.matrix import Role
from operational.kit import db
from operational.kit.errors import Forbidden, InvalidInput
from operational.reconciliation import documents, queries, reports, statement
from operational.reconciliation.errors import ReportDecided, ReportWaits
from operational.reconciliation.statement import Item
from pipelines.feedback import client_money
from pipelines.feedback.giving import give_back
from tests.pipelines.days import CLOSE, DAY, IBAN, Books, live_through
from tests.reconciliation.breaks import a_person

AS_OF = CLOSE + timedelta(hours=7)


@pytest.fixture(scope="module")
def lake(module_database):
    """The settings of a hub whose lake shows those days, published."""
    settings = module_database.settings
    with connection.write(settings) as found:
        live_through(Books(found))
        publish(settings, found, AS_OF)
    return settings


def publish(settings, found, as_of):
    snapshot = found.execute("select id from lake.current_snapshot()").fetchone()[0]
    publication.decide(settings, Candidate(snapshot, as_of, 1, "x"), [])


def newest(database):
    with db.transaction(database.engine()) as session:
        return queries.newest_version(session, DAY)


def sums(content, item):
    (part,) = content["currencies"]
    return sum(one["amount_minor"] for one in part["figures"] if one["item"] == item)


def test_the_report_of_a_closed_day_adds_up_is_signed_and_never_changes(lake, module_database):
    engine = module_database.engine()
    assert give_back(lake, AS_OF).reports == 1, "the day closed seven hours ago"
    assert give_back(lake, AS_OF).reports == 0
    report = newest(module_database)
    (part,) = report.content["currencies"]

    assert part["owed_minor"] == (100 + 50 + 70 + 30 + 20 + 40 - 25 + 2) * 100 + 21_00
    assert part["held_minor"] == 636_50 + 68_00 + 30_00 + 40_00
    assert part["unexplained_minor"] == 0, report.content
    found = {item: sums(report.content, item) for item in Item}
    assert {item: minor for item, minor in found.items() if minor} == {
        Item.WALLETS: 287_00,
        Item.HOLDS: 15_00,
        Item.TRADING_ACCOUNTS: 21_00,
        Item.BANK: 636_50,
        Item.AT_PSPS: 68_00,
        Item.TO_REPORT: 30_00,
        Item.IN_TRANSIT: 40_00,
        Item.BREAK: -5_00 - 20_00 + 7_00,
        Item.FEES: -6_00,
        Item.RESERVES: -10_00,
        Item.BANK_CHARGES: -1_50,
        Item.OPENING: 500_00,
        Item.HOUSE: -2_00,
        Item.TRADING: 4_00,
    }
    assert statement.faults(report.content) == []
    papers_say_the_same(report)

    with db.transaction(engine) as session:
        clerk, ann, bob = a_person(session, Role.MANAGEMENT), a_person(session), a_person(session)
    with pytest.raises(Forbidden), db.transaction(engine) as session:
        reports.sign(session, report.id, note="", actor=clerk, now=AS_OF)
    with db.transaction(engine) as session:
        reports.sign(session, report.id, note="", actor=ann, now=AS_OF)
    with pytest.raises(ReportDecided), db.transaction(engine) as session:
        reports.refuse(session, report.id, note="too late", actor=bob, now=AS_OF)

    it_stands_when_a_statement_is_corrected(lake, module_database, report, ann, bob)


def it_stands_when_a_statement_is_corrected(lake, module_database, report, ann, bob) -> None:
    """The signed report stays as it is; a new version says otherwise."""
    engine = module_database.engine()
    with connection.write(lake) as changed:
        changed.execute("delete from lake.raw.bank__balances where balance_date = ?", [DAY])
        publish(lake, changed, AS_OF + timedelta(hours=1))
    with db.transaction(engine) as session:
        reports.ask_again(session, DAY, reason="Alpha took it back", actor=ann, now=AS_OF)
    with pytest.raises(ReportWaits), db.transaction(engine) as session:
        reports.ask_again(session, DAY, reason="once more", actor=bob, now=AS_OF)
    assert give_back(lake, AS_OF).reports == 1
    second = newest(module_database)
    assert (second.version, second.status) == (2, "prepared")
    assert sums(second.content, Item.BANK) == 631_00
    gap = f"USD {IBAN}: no statement of the day; the last is of 2026-03-01"
    assert gap in statement.faults(second.content)
    papers_say_the_same(second)
    with pytest.raises(SecondPersonNeeded), db.transaction(engine) as session:
        reports.sign(session, second.id, note="the bank was shut", actor=ann, now=AS_OF)
    with pytest.raises(InvalidInput), db.transaction(engine) as session:
        reports.sign(session, second.id, note="", actor=bob, now=AS_OF)
    with db.transaction(engine) as session:
        reports.sign(session, second.id, note="the bank was shut", actor=bob, now=AS_OF)

    # The first version can be worked out again from its snapshot, to the byte.
    with db.transaction(engine) as session:
        first = queries.report(session, report.id)
    assert first.content == report.content
    with connection.read_at(lake, first.snapshot) as pinned:
        again = statement.compose(
            DAY, client_money.figures(pinned, DAY), as_of=first.as_of, snapshot=first.snapshot
        )
    assert statement.digest(again) == first.content_sha256


def papers_say_the_same(report) -> None:
    """Open what Finance opens, and read the amounts there."""
    paper = documents.Paper(
        report.version, report.status, report.content_sha256.hex(), "", "", {"USD": [(DAY, -1)]}
    )
    (part,) = report.content["currencies"]
    names = ("owed", "held", "difference", "explained", "unexplained")
    book = openpyxl.load_workbook(io.BytesIO(documents.workbook(report.content, paper)))
    _, row = book["Sums"].iter_rows(values_only=True)
    assert list(row[6:]) == [part[f"{name}_minor"] for name in names]
    assert [round(value * 100) for value in row[1:6]] == list(row[6:])
    rows = list(book["Figures"].iter_rows(min_row=2, values_only=True))
    assert [row[7] for row in rows] == [one["amount_minor"] for one in part["figures"]]

    drawn = documents.pdf(report.content, paper)
    assert drawn == documents.pdf(report.content, paper), "the same paper each time"
    text = words_of(drawn)
    for name in names:
        assert f"{part[f'{name}_minor'] / 100:,.2f}" in text
    for fault in statement.faults(report.content):
        assert fault[:40] in text


def words_of(pdf: bytes) -> str:
    """What a page's own instructions write on it."""
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        streams = [page.Contents.read_bytes() for page in opened.pages]
    return " ".join(re.findall(r"\((.*?)\) Tj", b"".join(streams).decode("latin-1")))
