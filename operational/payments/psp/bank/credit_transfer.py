"""ISO 20022 between us and the bank: credit transfers out (pain.001), status reports in (pain.002)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation

from lxml import etree
from text_unidecode import unidecode

from operational.kit.money import AmountInvalid, Money

PAIN_001 = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
NAME_CHARACTERS_MAX = 70

_OUTSIDE = re.compile(r"[^A-Za-z0-9/\-?:().,'+ ]")
"""What banks do not carry in names and texts (EPC217-08)."""


class Unreadable(ValueError):
    """This is no status report."""


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody with an account."""

    name: str
    iban: str
    bic: str | None


@dataclass(frozen=True, slots=True)
class Status:
    """What the bank says of one payment of ours."""

    end_to_end_id: str
    code: str
    reason: str | None
    amount: Money


def credit_transfer(
    reference: str, amount: Money, *, debtor: Party, creditor: Party, now: datetime
) -> bytes:
    """A file with one payment. Our reference names the file, the payment and its end-to-end id."""
    text = str(amount).partition(" ")[0]
    totals = [("NbOfTxs", "1"), ("CtrlSum", text)]
    document = etree.Element("Document", nsmap={None: PAIN_001})
    initiation = etree.SubElement(document, "CstmrCdtTrfInitn")
    header = [("MsgId", reference), ("CreDtTm", now.strftime("%Y-%m-%dT%H:%M:%SZ")), *totals]
    _add(initiation, "GrpHdr", [*header, ("InitgPty/Nm", plain(debtor.name))])
    information = _add(
        initiation,
        "PmtInf",
        [
            ("PmtInfId", reference),
            ("PmtMtd", "TRF"),
            ("BtchBookg", "false"),
            *totals,
            *([("PmtTpInf/SvcLvl/Cd", "SEPA")] if amount.currency == "EUR" else []),
            ("ReqdExctnDt/Dt", now.date().isoformat()),
            ("Dbtr/Nm", plain(debtor.name)),
            ("DbtrAcct/Id/IBAN", debtor.iban),
            ("DbtrAgt/FinInstnId/BICFI", debtor.bic or ""),
            ("ChrgBr", "SLEV" if amount.currency == "EUR" else "SHAR"),
        ],
    )
    payment = _add(information, "CdtTrfTxInf", [("PmtId/EndToEndId", reference)])
    instructed = etree.SubElement(etree.SubElement(payment, "Amt"), "InstdAmt")
    instructed.set("Ccy", amount.currency)
    instructed.text = text
    agent = [("CdtrAgt/FinInstnId/BICFI", creditor.bic)] if creditor.bic else []
    _fill(payment, [*agent, ("Cdtr/Nm", plain(creditor.name)), ("CdtrAcct/Id/IBAN", creditor.iban)])
    _fill(payment, [("RmtInf/Ustrd", f"Withdrawal {reference}")])
    written: bytes = etree.tostring(document, xml_declaration=True, encoding="UTF-8")
    return written


def plain(text: str) -> str:
    """As banks carry it: their few letters, and no more of them than they take."""
    return _OUTSIDE.sub(" ", unidecode(text)).strip()[:NAME_CHARACTERS_MAX]


def status_of(content: bytes, end_to_end_id: str) -> Status:
    """What a status report says of the payment with that id.

    Raises:
        Unreadable: it is no report, or not of that payment.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise Unreadable(f"no XML: {error.msg}") from error
    for one in root.iter("{*}TxInfAndSts"):
        if one.findtext("{*}OrgnlEndToEndId") == end_to_end_id:
            return _status(one, end_to_end_id)
    raise Unreadable(f"it says nothing of {end_to_end_id}")


def _status(told: etree._Element, end_to_end_id: str) -> Status:
    amount = told.find("{*}OrgnlTxRef/{*}Amt/{*}InstdAmt")
    code = told.findtext("{*}TxSts")
    if amount is None or not code:
        raise Unreadable("a status or an amount is missing")
    try:
        value = Decimal(amount.text or "")
        money = Money.rounded(value, amount.get("Ccy", ""))
    except (InvalidOperation, AmountInvalid) as error:
        raise Unreadable(str(error)) from error
    if money.major != value:
        raise Unreadable(f"{amount.text} has parts of a minor unit")
    reason = told.findtext("{*}StsRsnInf/{*}Rsn/{*}Cd")
    return Status(end_to_end_id, code, reason, money)


def _add(parent: etree._Element, tag: str, texts: Iterable[tuple[str, str]]) -> etree._Element:
    return _fill(etree.SubElement(parent, tag), texts)


def _fill(element: etree._Element, texts: Iterable[tuple[str, str]]) -> etree._Element:
    """Put texts at their paths, in order."""
    for path, text in texts:
        place = element
        for tag in path.split("/"):
            place = etree.SubElement(place, tag)
        place.text = text
    return element
