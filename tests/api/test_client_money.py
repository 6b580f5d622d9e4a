"""The daily report on its pages: every figure, the gaps in red, the papers, one signature."""

import io

import httpx
import openpyxl
import pikepdf

from operational.access.matrix import Role
from operational.reconciliation.statement import Figure, Item, Side
from tests.api import cast

SAFE = {"Accept": "text/html"}
IBAN = "DE89370400440532013000"
FIGURES = [
    Figure("USD", Side.OWED, Item.WALLETS, "", 10_000_00, ""),
    Figure("USD", Side.HELD, Item.BANK, IBAN, 9_950_00, "no statement of the day", is_missing=True),
    Figure("USD", Side.EXPLAINED, Item.FEES, "stripe", -30_00, ""),
    Figure("USD", Side.EXPLAINED, Item.BREAK, "=HYPERLINK(1)", -20_00, "psp_line: amount_under"),
]


def test_a_report_is_read_drawn_and_signed_by_whoever_may_and_says_why_it_was(opened):
    report = cast.a_report(opened, *FIGURES)
    ann, reader = opened.signed_in(Role.FINANCE), opened.signed_in(Role.MANAGEMENT)
    place = f"/staff/client-money/{report.id}"

    listed = reader.get("/staff/client-money", headers=SAFE).text
    shown = reader.get(place, headers=SAFE).text
    assert place in listed
    assert "1 gap<" in listed
    assert "To be signed" in listed
    for text in ("10,000.00 USD", "9,950.00 USD", "-50.00 USD", "0.00 USD unexplained"):
        assert text in shown
    assert f"USD {IBAN}: no statement of the day" in shown
    assert "verdict" not in shown, "management reads"
    assert "Client-money reports to sign" in ann.get("/staff/finance", headers=SAFE).text

    pdf = reader.get(f"{place}/report.pdf")
    book = reader.get(f"{place}/report.xlsx")
    with pikepdf.open(io.BytesIO(pdf.content)) as paper:
        assert len(paper.pages) == 1
    cells = openpyxl.load_workbook(io.BytesIO(book.content))["Figures"]
    assert {cell.data_type for row in cells.iter_rows() for cell in row} <= {"s", "n"}
    assert "=HYPERLINK(1)" in [cell.value for cell in cells["D"]]
    assert reader.get(f"{place}/report.exe").status_code == httpx.codes.UNPROCESSABLE_ENTITY

    silent = ann.post(place, data={"verdict": "sign", "note": ""}, headers=SAFE)
    assert silent.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert "has gaps" in silent.text
    signed = ann.post(place, data={"verdict": "sign", "note": "the bank was shut"})
    assert signed.headers["location"] == f"{place}?done=report_signed"
    after = ann.get(place, headers=SAFE).text
    assert "the bank was shut" in after
    assert 'name="verdict"' not in after
    assert ann.get(f"{place}/report.pdf").content != pdf.content, "the signature stands on it"


def test_a_correction_is_a_new_version_which_its_asker_does_not_sign(opened):
    ann, bob = opened.signed_in(Role.FINANCE), opened.signed_in(Role.FINANCE)
    first = cast.a_report(opened, *FIGURES)
    second = cast.a_report(opened, *FIGURES)

    old = ann.post(
        f"/api/client-money/reports/{first.id}/decision",
        json={"verdict": "sign", "note": "fine by me"},
    )
    assert (old.status_code, old.json()["code"]) == (httpx.codes.CONFLICT, "report_decided")
    day = "2026-02-11"
    asked = ann.post("/staff/client-money", data={"day": day, "reason": "a late statement"})
    assert asked.headers["location"].endswith("done=report_asked")
    waiting = ann.get("/api/client-money/reports").json()
    mine = next(each for each in waiting if each["day"] == day)
    page = bob.get(f"/staff/client-money/{mine['id']}", headers=SAFE)
    assert "being worked out" in page.text
    assert bob.get(f"/staff/client-money/{mine['id']}/report.pdf").status_code == 404
    future = ann.post(
        "/staff/client-money", data={"day": "2026-03-02", "reason": "curious"}, headers=SAFE
    )
    assert "is not over" in future.text
    done = bob.post(
        f"/api/client-money/reports/{second.id}/decision",
        json={"verdict": "refuse", "note": "look again"},
    )
    assert done.json()["status"] == "refused"


def test_bank_accounts_of_client_money_are_named_once(opened):
    ann = opened.signed_in(Role.FINANCE)
    form = {"account": "de89 3704 0044 0532 0130 00", "currency": "EUR", "bank": "Alpha Bank"}
    form |= {"name": "Clients of Kingpost", "opened_on": "2026-01-01"}

    assert ann.post("/staff/client-money/bank-accounts", data=form).status_code == 303
    again = ann.post("/staff/client-money/bank-accounts", data=form, headers=SAFE)

    assert "on the list already" in again.text
    named = [each["account"] for each in ann.get("/api/client-money/bank-accounts").json()]
    assert named == [IBAN]
