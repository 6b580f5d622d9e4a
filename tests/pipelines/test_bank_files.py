"""Bank statements: what foots is imported, what does not stops the import."""

from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.bank import camt, mt940
from pipelines.contracts import FileRefused


def a_camt(
    entries: Sequence[int] = (885, -1_500),
    *,
    opening: int = 1_815,
    closing: int | None = None,
    currency: str = "EUR",
    status: str = "<Sts>BOOK</Sts>",
    summary: str = "",
    version: str = "02",
) -> bytes:
    """A camt.053 with one statement; amounts in cents."""
    closing = opening + sum(entries) if closing is None else closing
    lines = "".join(
        f'<Ntry><Amt Ccy="{currency}">{abs(cents) / 100:.2f}</Amt>{direction(cents)}{status}'
        "<ValDt><Dt>2026-03-02</Dt></ValDt><BkTxCd/></Ntry>"
        for cents in entries
    )
    balances = "".join(
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">'
        f"{abs(cents) / 100:.2f}</Amt>{direction(cents)}<Dt><Dt>2026-03-02</Dt></Dt></Bal>"
        for code, cents in (("OPBD", opening), ("CLBD", closing))
    )
    return (
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"><BkToCstmrStmt>'
        "<GrpHdr><MsgId>M1</MsgId></GrpHdr><Stmt><Id>S1</Id><CreDtTm>2026-03-02T20:00:00+01:00"
        "</CreDtTm><Acct><Id><IBAN>DE02120300000000202051</IBAN></Id></Acct>"
        f"{balances}{summary}{lines}</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def direction(cents: int) -> str:
    return f"<CdtDbtInd>{'DBIT' if cents < 0 else 'CRDT'}</CdtDbtInd>"


def an_mt940(
    entries: Sequence[str] = ("C885,25", "D15,"),
    closing: str = "C260302EUR2685,40",
    opening: str = "C260301EUR1815,15",
) -> bytes:
    lines = "".join(f":61:2603020302{entry}NTRFNONREF//R{n}\n" for n, entry in enumerate(entries))
    return (
        f":20:START\n:25:12030000/202051\n:28C:7/1\n:60F:{opening}\n{lines}:62F:{closing}\n-\n"
    ).encode()


def test_a_camt_statement_that_foots_is_read_with_signed_amounts():
    batch = camt.parse(a_camt())

    entries = batch.tables["bank__entries"].to_pylist()
    assert [(row["amount_minor"], row["currency"]) for row in entries] == [
        (885, "EUR"),
        (-1_500, "EUR"),
    ]
    assert {row["value_date"] for row in entries} == {date(2026, 3, 2)}
    assert batch.name == "DE02120300000000202051/camt.053/S1"
    assert batch.controls == {"entries": 2, "booked EUR": -615}


@given(
    st.lists(st.integers(-(10**9), 10**9), max_size=20),
    st.integers(-(10**9), 10**9),
    st.integers(1, 10**6),
)
@settings(max_examples=40)
def test_a_camt_statement_foots_to_the_cent_or_is_refused(entries, opening, error):
    assert camt.parse(a_camt(entries, opening=opening)).controls["entries"] == len(entries)

    with pytest.raises(FileRefused, match="does not foot"):
        camt.parse(a_camt(entries, opening=opening, closing=opening + sum(entries) + error))


def test_what_is_pending_does_not_move_the_booked_balance():
    pending = a_camt([500], closing=1_815, status="<Sts><Cd>PDNG</Cd></Sts>", version="08")

    assert camt.parse(pending).controls == {"entries": 1}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (a_camt(version="09"), "not a camt.052, 053 or 054 document of versions 1 to 8"),
        (a_camt(currency="XXX"), "'XXX' is not supported"),
        (a_camt(currency="USD"), "mixes EUR, USD"),
        (a_camt(status="<Sts>MAYBE</Sts>"), "unknown status 'MAYBE'"),
        (a_camt().replace(b"8.85<", b"8.855<"), "column 'Amt': 8.855 has more decimals than EUR"),
        (a_camt().replace(b"8.85<", b"-8.85<"), "amounts are positive"),
        (a_camt().replace(b"8.85<", b"8,85<"), "'8,85' is not a plain decimal"),
        (a_camt().replace(b"CRDT", b"C"), "unknown direction 'C'"),
        (a_camt().replace(b"CLBD", b"ITBD"), "does not state both OPBD and CLBD"),
        (a_camt().replace(b"2026-03-02<", b"02.03.2026<"), "is not a time written as"),
        (a_camt().replace(b"<Stmt>", b"<Stmnt>").replace(b"</Stmt>", b"</Stmnt>"), "holds no Stmt"),
        (a_camt()[:-40], "not well-formed"),
        (
            a_camt(summary="<TxsSummry><TtlNtries><NbOfNtries>3</NbOfNtries></TtlNtries></TxsSummry>"),
            "column 'TtlNtries': says 3 entries and holds 2",
        ),
        (
            a_camt(summary="<TxsSummry><TtlDbtNtries><Sum>15.01</Sum></TtlDbtNtries></TxsSummry>"),
            "column 'TtlDbtNtries': says entries sum to 15.01, they sum to 15",
        ),
    ],
)  # fmt: skip
def test_a_camt_file_that_breaks_its_contract_is_refused_whole(content, reason):
    with pytest.raises(FileRefused, match=reason):
        camt.parse(content)


def test_an_mt940_statement_that_foots_is_read():
    batch = mt940.parse(an_mt940())

    entries = batch.tables["bank__entries"].to_pylist()
    assert [row["amount_minor"] for row in entries] == [88_525, -1_500]
    assert [row["servicer_reference"] for row in entries] == ["R0", "R1"]
    assert batch.name == "12030000/202051/7/1/2026-03-01"


def test_a_reversed_credit_takes_money_away_and_a_reversed_debit_brings_it_back():
    batch = mt940.parse(an_mt940(["RC10,00", "RD30,00"], closing="C260302EUR1835,15"))

    entries = batch.tables["bank__entries"].to_pylist()
    assert [(row["amount_minor"], row["is_reversal"]) for row in entries] == [
        (-1_000, True),
        (3_000, True),
    ]


def test_a_value_date_over_new_year_keeps_its_own_year():
    statement = an_mt940(["C885,25", "D15,"]).replace(b":61:2603020302C", b":61:2601021231C")

    (first, _) = mt940.parse(statement).tables["bank__entries"].to_pylist()
    assert (first["value_date"], first["booking_date"]) == (date(2026, 1, 2), date(2025, 12, 31))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (an_mt940(closing="C260302EUR2685,41"), "does not foot"),
        (an_mt940(["RC885,25", "D15,"]), "does not foot"),
        (an_mt940()[:90], "lacks an account, an opening or a closing balance"),
        (an_mt940(closing="C260302USD2685,40"), "mixes EUR, USD"),
        (an_mt940(opening="C260301XXX1815,15", closing="C260302XXX2685,40"), "'XXX' is not supported"),
        (an_mt940(["C885,255", "D15,"]), "more decimals than EUR"),
        (an_mt940(["X885,25", "D15,"]), "row 5, column ':61:': this field is not as MT940 writes it"),
        (an_mt940(closing="C261302EUR2685,40"), "row 1: a date or amount is not readable"),
        (an_mt940().replace(b":28C:", b":25:999\n:28C:"), "row 3, column ':25:': comes twice"),
        (b":25:12030000/202051\n", "holds no statement"),
        ("Überweisung".encode("latin-1"), "not utf-8"),
    ],
)  # fmt: skip
def test_an_mt940_file_that_breaks_its_contract_is_refused_whole(content, reason):
    with pytest.raises(FileRefused, match=reason):
        mt940.parse(content)


@given(st.data())
@settings(max_examples=150)
def test_a_damaged_file_is_refused_or_still_foots_but_never_crashes(data):
    parse, content = data.draw(st.sampled_from([(camt.parse, a_camt()), (mt940.parse, an_mt940())]))
    place = data.draw(st.integers(0, len(content) - 1))
    damage = data.draw(st.binary(max_size=3))

    try:
        batch = parse(content[:place] + damage + content[place + data.draw(st.integers(0, 5)) :])
    except FileRefused:
        return
    assert batch.tables["bank__statements"].num_rows == 1
