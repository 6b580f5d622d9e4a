"""Statements as banks send them: camt.053 and MT940 by the day, camt.052 of today so far."""

from datetime import date
from typing import Any

from lxml import etree

from operational.kit.money import Money
from sandbox.bank import verbs
from sandbox.settlement import lines_of
from sandbox.store import Document
from sandbox.world import World

_CAMT = "urn:iso:std:iso:20022:tech:xsd:{}.001.08"
_LINE = 65
"""Tag 86 holds six lines of so many letters."""


def daily(world: World, statement: Document) -> bytes:
    """A camt.053: opens, books, closes."""
    entries = lines_of(world, statement["id"])
    return _document(world, "camt.053", "Stmt", statement, entries)


def today(world: World, currency: str) -> tuple[str, bytes] | None:
    """A camt.052 of what was booked today, and a name that changes with it; nothing if nothing was."""
    account = verbs.account_in(world, currency)
    day = world.now().date()
    entries = verbs.booked_on(world, account, day)
    if not entries:
        return None
    report: Document = {
        "id": f"{account}-{day:%Y%m%d}-{len(entries):04}",
        "account": account,
        "currency": currency,
        "day": day.isoformat(),
        "number": len(entries),
    }
    return report["id"], _document(world, "camt.052", "Rpt", report, entries)


def _document(
    world: World, kind: str, record: str, told: Document, entries: list[Document]
) -> bytes:
    names = {"camt.053": "BkToCstmrStmt", "camt.052": "BkToCstmrAcctRpt"}
    document = etree.Element("Document", nsmap={None: _CAMT.format(kind)})
    message = etree.SubElement(document, names[kind])
    moment = f"{told['day']}T23:59:59Z"
    _put(message, "GrpHdr", {"MsgId": told["id"], "CreDtTm": moment})
    statement = _put(
        message,
        record,
        {"Id": told["id"], "ElctrncSeqNb": str(told["number"]), "CreDtTm": moment},
    )
    account = etree.SubElement(statement, "Acct")
    _put(account, "Id", {"IBAN": told["account"]})
    _put(account, "", {"Ccy": told["currency"], "Nm": verbs.bank_of(world).holder})
    if kind == "camt.053":
        for code, name in (("OPBD", "opening"), ("CLBD", "closing")):
            _balance(statement, code, Money(told[name], told["currency"]), told["day"])
    for entry in entries:
        _entry(statement, entry)
    written: bytes = etree.tostring(document, xml_declaration=True, encoding="UTF-8")
    return written


def _put(parent: Any, tag: str, texts: dict[str, str]) -> Any:
    place = etree.SubElement(parent, tag) if tag else parent
    for name, text in texts.items():
        etree.SubElement(place, name).text = text
    return place


def _signed(parent: Any, money: Money) -> None:
    amount = etree.SubElement(parent, "Amt", Ccy=money.currency)
    amount.text = _text(money)
    etree.SubElement(parent, "CdtDbtInd").text = "CRDT" if money.minor >= 0 else "DBIT"


def _text(money: Money) -> str:
    return str(Money(abs(money.minor), money.currency)).partition(" ")[0]


def _balance(statement: Any, code: str, money: Money, day: str) -> None:
    balance = etree.SubElement(statement, "Bal")
    _put(etree.SubElement(balance, "Tp"), "CdOrPrtry", {"Cd": code})
    _signed(balance, money)
    _put(balance, "Dt", {"Dt": day})


def _entry(statement: Any, told: Document) -> None:
    entry = etree.SubElement(statement, "Ntry")
    etree.SubElement(entry, "NtryRef").text = told["id"]
    money = Money(told["minor"], told["currency"])
    _signed(entry, money)
    _put(entry, "Sts", {"Cd": "BOOK"})
    _put(entry, "BookgDt", {"Dt": told["day"]})
    _put(entry, "ValDt", {"Dt": told["day"]})
    etree.SubElement(entry, "AcctSvcrRef").text = told["id"]
    domain = etree.SubElement(etree.SubElement(entry, "BkTxCd"), "Domn")
    etree.SubElement(domain, "Cd").text = "PMNT"
    family = "RCDT" if money.minor >= 0 else "ICDT"
    _put(domain, "Fmly", {"Cd": family, "SubFmlyCd": told["code"]})
    details = etree.SubElement(etree.SubElement(entry, "NtryDtls"), "TxDtls")
    references = {"AcctSvcrRef": told["id"], "EndToEndId": told["end_to_end_id"] or "NOTPROVIDED"}
    _put(details, "Refs", references)
    _signed(details, money)
    _party(details, told, "Dbtr" if money.minor >= 0 else "Cdtr")
    if told["text"]:
        _put(details, "RmtInf", {"Ustrd": told["text"][:140]})
    if told["return_reason"]:
        _put(etree.SubElement(details, "RtrInf"), "Rsn", {"Cd": told["return_reason"]})


def _party(details: Any, told: Document, side: str) -> None:
    """Whoever paid us, or was paid by us; where a payment comes back, whom we had paid."""
    if not told["party"]:
        return
    parties = etree.SubElement(details, "RltdPties")
    _put(etree.SubElement(parties, side), "Pty", {"Nm": told["party"]})
    if told["party_iban"]:
        _put(etree.SubElement(parties, f"{side}Acct"), "Id", {"IBAN": told["party_iban"]})


def swift(world: World, statement: Document) -> bytes:
    """The same day as an MT940."""
    currency = statement["currency"]
    day = date.fromisoformat(statement["day"])
    lines = [
        f":20:{statement['id'][-16:]}",
        f":25:{statement['account']}",
        f":28C:{statement['number']:05}/001",
        f":60F:{_mark(statement['opening'], currency, day)}",
    ]
    for entry in lines_of(world, statement["id"]):
        money = Money(entry["minor"], currency)
        side = "C" if money.minor >= 0 else "D"
        reference = (entry["end_to_end_id"] or "NONREF")[:16]
        lines.append(
            f":61:{day:%y%m%d}{day:%m%d}{side}{_comma(money)}NTRF{reference}//{entry['id']}"
        )
        told = " ".join(filter(None, (entry["party"], entry["text"], entry["return_reason"])))
        parts = [
            told[start : start + _LINE] for start in range(0, min(len(told), 6 * _LINE), _LINE)
        ]
        lines.append(":86:" + "\r\n".join(parts or ["-"]))
    lines.append(f":62F:{_mark(statement['closing'], currency, day)}")
    return ("\r\n".join(lines) + "\r\n-\r\n").encode("ascii", "replace")


def _mark(minor: int, currency: str, day: date) -> str:
    side = "C" if minor >= 0 else "D"
    return f"{side}{day:%y%m%d}{currency}{_comma(Money(minor, currency))}"


def _comma(money: Money) -> str:
    """With a decimal comma, which is there even where nothing follows it."""
    text = _text(money).replace(".", ",")
    return text if "," in text else f"{text},"
