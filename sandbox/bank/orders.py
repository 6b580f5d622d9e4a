"""Files that come in (pain.001 of versions 3 and 9), and the reports on them (pain.002)."""

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from lxml import etree

from operational.kit import iban
from operational.kit.money import AmountInvalid, Money
from sandbox.bank import verbs
from sandbox.bank.verbs import refuse
from sandbox.store import Document
from sandbox.world import World

_PAIN = re.compile(r"urn:iso:std:iso:20022:tech:xsd:pain\.001\.001\.0([39])")
_STATUS = "urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"
_ID = re.compile(r"[A-Za-z0-9/\-?:().,'+ ]{1,35}")
_BYTES_MAX = 1_000_000

# Which elements each part may hold, in this order; those with a mark must be there.
_ORDER = {
    "GrpHdr": ("MsgId!", "CreDtTm!", "NbOfTxs!", "CtrlSum", "InitgPty!"),
    "PmtInf": (
        "PmtInfId!", "PmtMtd!", "BtchBookg", "NbOfTxs", "CtrlSum", "PmtTpInf", "ReqdExctnDt!",
        "Dbtr!", "DbtrAcct!", "DbtrAgt!", "UltmtDbtr", "ChrgBr", "CdtTrfTxInf!",
    ),
    "CdtTrfTxInf": (
        "PmtId!", "PmtTpInf", "Amt!", "ChrgBr", "UltmtDbtr", "CdtrAgt", "Cdtr!", "CdtrAcct!",
        "UltmtCdtr", "Purp", "RmtInf",
    ),
}  # fmt: skip


def check_token(world: World, request: Request) -> None:
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    if given not in world.secrets["tokens"]:
        raise refuse("who is this?", 401)


def routes(world: World) -> APIRouter:
    router = APIRouter(prefix="/h2h")

    @router.post("/payments", status_code=202)
    async def take(request: Request) -> Response:
        check_token(world, request)
        body = await request.body()
        with world.store.transaction():
            return _report(world, read_file(world, body), 202)

    @router.get("/payments/{end_to_end_id:path}")
    def status(end_to_end_id: str, request: Request) -> Response:
        check_token(world, request)
        payment = world.store.get("payment", end_to_end_id)
        if payment is None:
            raise refuse("no such payment", 404)
        return _report(world, [payment], 200)

    return router


def read_file(world: World, body: bytes) -> list[Document]:
    """Check a file whole, then take each of its payments.

    Raises:
        Refused: with the first thing that is wrong; nothing of it was taken.
    """
    root, version = _root(body)
    header = _in_order(_one(root, "GrpHdr"))
    message_id = _identifier(header, "MsgId")
    if world.store.listed("payment", "reference = ?", message_id):
        raise refuse(f"the message {message_id} came before", 409)
    payments = [
        _payment(world, information, one, message_id, version)
        for information in root.findall("PmtInf")
        for one in _in_order(information).findall("CdtTrfTxInf")
    ]
    _check_sums(header, payments)
    for information in root.findall("PmtInf"):
        names = {_identifier(one, "PmtId/EndToEndId") for one in information.findall("CdtTrfTxInf")}
        _check_sums(information, [one for one in payments if one["end_to_end_id"] in names])
    return [verbs.take_payment(world, payment) for payment in payments]


def _root(body: bytes) -> tuple[Any, str]:
    if len(body) > _BYTES_MAX:
        raise refuse("the file is too large", 413)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        document = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise refuse(f"not well-formed: {error.msg}") from None
    found = _PAIN.fullmatch(etree.QName(document).namespace or "")
    if found is None:
        raise refuse("not a pain.001.001.03 or .09 document")
    for element in document.iter(tag=etree.Element):
        element.tag = etree.QName(element).localname
    return _one(document, "CstmrCdtTrfInitn"), found[1]


def _payment(world: World, information: Any, one: Any, message_id: str, version: str) -> Document:
    _in_order(one)
    amount = _one(one, "Amt/InstdAmt")
    try:
        money = Money.parse(amount.text or "", amount.get("Ccy", ""))
    except AmountInvalid as error:
        raise refuse(f"InstdAmt: {error}") from None
    if money.minor <= 0:
        raise refuse("InstdAmt: nothing is not paid")
    day = _one(information, "ReqdExctnDt/Dt" if version == "9" else "ReqdExctnDt").text or ""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", day):
        raise refuse("ReqdExctnDt is no date")
    ours = _iban(information, "DbtrAcct/Id/IBAN")
    if ours != verbs.account_in(world, money.currency):
        raise refuse(f"DbtrAcct: {ours} is no account of yours in {money.currency}")
    return {
        "message_id": message_id,
        "end_to_end_id": _identifier(one, "PmtId/EndToEndId"),
        "currency": money.currency,
        "minor": money.minor,
        "amount": amount.text,
        "creditor_name": _text(one, "Cdtr/Nm", 70),
        "creditor_iban": _iban(one, "CdtrAcct/Id/IBAN"),
        "text": one.findtext("RmtInf/Ustrd") or "",
        "returned": "",
    }


def _check_sums(part: Any, payments: list[Document]) -> None:
    """`NbOfTxs` and `CtrlSum`, where they are stated: the sum is over amounts of any currency."""
    count, total = part.findtext("NbOfTxs"), part.findtext("CtrlSum")
    if count is not None and count != str(len(payments)):
        raise refuse(f"NbOfTxs says {count}, there are {len(payments)}")
    if total is None:
        return
    summed = sum((Decimal(one["amount"]) for one in payments), Decimal(0))
    try:
        is_equal = Decimal(total) == summed
    except InvalidOperation:
        is_equal = False
    if not is_equal:
        raise refuse(f"CtrlSum says {total}, the amounts make {summed}")


def _in_order(part: Any) -> Any:
    """The elements the schema knows, in its order, and those that must be there."""
    allowed = [name.rstrip("!") for name in _ORDER[part.tag]]
    places = []
    for child in part:
        if child.tag not in allowed:
            raise refuse(f"{part.tag}: {child.tag} is not known here")
        places.append(allowed.index(child.tag))
    if places != sorted(places):
        raise refuse(f"{part.tag}: its elements are not in order")
    for name in _ORDER[part.tag]:
        if name.endswith("!") and part.find(name[:-1]) is None:
            raise refuse(f"{part.tag}: {name[:-1]} is missing")
    return part


def _one(part: Any, path: str) -> Any:
    found = part.find(path)
    if found is None:
        raise refuse(f"{path} is missing")
    return found


def _text(part: Any, path: str, longest: int) -> str:
    text = _one(part, path).text or ""
    if not 0 < len(text) <= longest:
        raise refuse(f"{path} is empty or too long")
    return text


def _identifier(part: Any, path: str) -> str:
    text = _text(part, path, 35)
    if not _ID.fullmatch(text):
        raise refuse(f"{path} has letters banks do not carry")
    return text


def _iban(part: Any, path: str) -> str:
    text = _text(part, path, 34)
    if not iban.is_valid(text) or text != iban.compact(text):
        raise refuse(f"{path}: the check digits of {text} do not hold")
    return text


def _report(world: World, payments: list[Document], status: int) -> Response:
    """What became of each payment so far."""
    document = etree.Element("Document", nsmap={None: _STATUS})
    report = etree.SubElement(document, "CstmrPmtStsRpt")
    header = etree.SubElement(report, "GrpHdr")
    etree.SubElement(header, "MsgId").text = world.store.new_id("STS", 20)
    etree.SubElement(header, "CreDtTm").text = f"{world.now():%Y-%m-%dT%H:%M:%SZ}"
    original = etree.SubElement(report, "OrgnlGrpInfAndSts")
    etree.SubElement(original, "OrgnlMsgId").text = payments[0]["message_id"]
    etree.SubElement(original, "OrgnlMsgNmId").text = "pain.001"
    information = etree.SubElement(report, "OrgnlPmtInfAndSts")
    etree.SubElement(information, "OrgnlPmtInfId").text = payments[0]["message_id"]
    for one in payments:
        told = etree.SubElement(information, "TxInfAndSts")
        etree.SubElement(told, "OrgnlEndToEndId").text = one["end_to_end_id"]
        etree.SubElement(told, "TxSts").text = one["status"]
        if one["reason"]:
            reason = etree.SubElement(etree.SubElement(told, "StsRsnInf"), "Rsn")
            etree.SubElement(reason, "Cd").text = one["reason"]
        amount = etree.SubElement(etree.SubElement(told, "OrgnlTxRef"), "Amt")
        instructed = etree.SubElement(amount, "InstdAmt", Ccy=one["currency"])
        instructed.text = one["amount"]
    body = etree.tostring(document, xml_declaration=True, encoding="UTF-8")
    return Response(body, status, media_type="application/xml")
