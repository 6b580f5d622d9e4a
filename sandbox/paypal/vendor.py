"""PayPal's way of signing, refusing and lying."""

import base64
import json
import secrets
import uuid
import zlib
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from operational.kit.money import Money
from sandbox.faults import Fault, FaultKind
from sandbox.store import BASE36, Document
from sandbox.vendor import Answer, Parcel
from sandbox.world import Secrets

SIGNER = "messageverificationcerts.sandbox.paypal.com"
_BEGIN, _END = datetime(2020, 1, 1, tzinfo=UTC), datetime(2049, 12, 31, tzinfo=UTC)


def error(status: int, name: str, issue: str = "", **more: Any) -> Answer:
    """PayPal's error envelope."""
    body: Document = {"name": name, "message": name.replace("_", " ").capitalize() + "."}
    body["debug_id"] = secrets.token_hex(7)
    if issue:
        body["details"] = [{"issue": issue} | more]
    return Answer(status, json.dumps(body).encode())


def fresh_secrets() -> Secrets:
    """Credentials and a webhook id, and an authority of its own with one certificate for signing.

    The hub needs the authority's certificate; the signing key lies beside it, and is nobody else's.
    """
    authority, signer = _new_key(), _new_key()
    root = _certificate("Stand-in root", authority, "Stand-in root", authority)
    leaf = _certificate(SIGNER, signer, "Stand-in root", authority)
    private = signer.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return {
        "client_ids": ["A" + secrets.token_urlsafe(40)],
        "client_secrets": ["E" + secrets.token_urlsafe(40)],
        "webhook_ids": ["".join(secrets.choice(BASE36) for _ in range(17))],
        "root_certificates": [_pem(root)],
        "signer_certificates": [_pem(leaf)],
        "signer_keys": [private.decode()],
    }


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _certificate(
    name: str, key: rsa.RSAPrivateKey, issuer: str, issuer_key: rsa.RSAPrivateKey
) -> x509.Certificate:
    """The root where name and issuer are one, else a server's certificate."""
    is_root = name == issuer
    usage = dict.fromkeys(_USAGES, False)
    usage |= {"key_cert_sign": True, "crl_sign": True} if is_root else {"digital_signature": True}
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    built = (
        x509.CertificateBuilder(_named(issuer), _named(name), key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_BEGIN)
        .not_valid_after(_END)
        .add_extension(x509.BasicConstraints(ca=is_root, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(identifier, critical=False)
    )
    if not is_root:
        names = x509.SubjectAlternativeName([x509.DNSName(name)])
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        built = built.add_extension(names, critical=False).add_extension(purpose, critical=False)
    return built.sign(issuer_key, SHA256())


_USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
    "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def altered(fault: Fault, amount: Document, *, name: str = "currency_code") -> None:
    """One minor unit less, or another currency."""
    money = Money.parse(amount["value"], amount[name])
    if fault.fault is FaultKind.WRONG_AMOUNT:
        amount["value"] = text_of(Money(money.minor - 1, money.currency))
    else:
        amount[name] = "USD" if money.currency == "EUR" else "EUR"


def text_of(money: Money) -> str:
    return str(money).partition(" ")[0]


def _alter(fault: Fault, found: Document) -> None:
    """The amount of whatever this is: an order, a capture, a refund, a payout."""
    if "purchase_units" in found:
        altered(fault, found["purchase_units"][0]["amount"])
    elif "items" in found:
        altered(fault, found["items"][0]["amount"], name="currency")
    elif "payout_item" in found:
        altered(fault, found["payout_item"]["amount"], name="currency")
    else:
        altered(fault, found["amount"])


class PayPal:
    """See `sandbox.vendor.Vendor`."""

    name = "paypal"

    def __init__(self, held: Secrets, url: str) -> None:
        self.url = url
        self.certificate = held["signer_certificates"][0]
        self._webhook_id = held["webhook_ids"][0]
        key = serialization.load_pem_private_key(held["signer_keys"][0].encode(), None)
        assert isinstance(key, rsa.RSAPrivateKey)
        self._key = key

    def refusal(self, fault: Fault) -> Answer:
        return error(422, "UNPROCESSABLE_ENTITY", fault.detail or "PAYEE_ACCOUNT_RESTRICTED")

    def altered_call(self, fault: Fault, query: bytes, body: bytes) -> tuple[bytes, bytes]:
        try:
            asked = json.loads(body)
            _alter(fault, asked)
        except (ValueError, LookupError, TypeError):
            # A call that names no amount, or is none of ours to read.
            return query, body
        return query, json.dumps(asked).encode()

    def altered_event(self, fault: Fault, event: Document) -> Document:
        _alter(fault, event["resource"])
        return event

    def parcel(self, event: Document, at: int, *, forged: bool = False) -> Parcel:
        return self._signed(json.dumps(event).encode(), at, _new_key() if forged else self._key)

    def rubbish(self, at: int) -> Parcel:
        return self._signed(b'{"id":"WH-', at, self._key)

    def _signed(self, body: bytes, at: int, key: rsa.RSAPrivateKey) -> Parcel:
        identifier = str(uuid.uuid4())
        time = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        message = f"{identifier}|{time}|{self._webhook_id}|{zlib.crc32(body) & 0xFFFFFFFF}"
        mark = key.sign(message.encode(), padding.PKCS1v15(), SHA256())
        return Parcel(
            body,
            {
                "Content-Type": "application/json",
                "PAYPAL-TRANSMISSION-ID": identifier,
                "PAYPAL-TRANSMISSION-TIME": time,
                "PAYPAL-TRANSMISSION-SIG": base64.b64encode(mark).decode(),
                "PAYPAL-CERT-URL": f"{self.url}/v1/notifications/certs/CERT-360caa42-1",
                "PAYPAL-AUTH-ALGO": "SHA256withRSA",
            },
        )
