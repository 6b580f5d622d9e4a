"""The certificates PayPal signs callbacks with: from its own address only, checked, and kept."""

import re
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from threading import Lock
from time import monotonic_ns
from warnings import catch_warnings

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from operational.kit.vendors import trust
from operational.payments.errors import CallbackRefused

PATH = "/v1/notifications/certs/"
SIGNER = "messageverificationcerts{}.paypal.com"
BYTES_MAX = 64 * 1024
FETCHES_MAX, FETCHES_NS = 10, 10 * 10**9
"""Anybody can name a certificate that is not there; asking for them may not keep us busy."""

# The address callbacks name is not that of the API.
_CERT_HOSTS = {
    "api-m.paypal.com": "api.paypal.com",
    "api-m.sandbox.paypal.com": "api.sandbox.paypal.com",
}


class Certificates:
    """Public keys by the address of their certificate."""

    def __init__(
        self, client: httpx.Client, url: str, roots: Sequence[str], *, is_live: bool
    ) -> None:
        address = httpx.URL(url)
        pinned = address.copy_with(
            host=_CERT_HOSTS.get(address.host, address.host), raw_path=PATH.encode()
        )
        self._client = client
        self._allowed = re.compile(re.escape(str(pinned)) + r"[A-Za-z0-9_-]{1,100}")
        self._signer = SIGNER.format("" if is_live else ".sandbox")
        self._roots = [x509.load_pem_x509_certificate(pem.encode()) for pem in roots]
        self._kept: dict[str, list[x509.Certificate]] = {}
        self._fetches: deque[int] = deque(maxlen=FETCHES_MAX)
        self._lock = Lock()

    def key_at(self, url: str, now: datetime) -> RSAPublicKey:
        """The key of the certificate at `url`, which must hold at `now`.

        Raises:
            CallbackRefused: not PayPal's address, no certificate there, or not one of PayPal's.
        """
        if not self._allowed.fullmatch(url):
            raise CallbackRefused("certificate address")
        chain = self._kept.get(url) or self._fetched(url)
        self._check(chain, now)
        self._kept[url] = chain
        key = chain[0].public_key()
        if not isinstance(key, RSAPublicKey):
            raise CallbackRefused("certificate")
        return key

    def _fetched(self, url: str) -> list[x509.Certificate]:
        with self._lock:
            tired = len(self._fetches) == FETCHES_MAX
            if tired and monotonic_ns() - self._fetches[0] < FETCHES_NS:
                raise CallbackRefused("certificate later")
            self._fetches.append(monotonic_ns())
        try:
            with self._client.stream("GET", url, follow_redirects=False, auth=None) as answer:
                body = b"".join(_limited(answer)) if answer.is_success else b""
            return x509.load_pem_x509_certificates(body)
        except (httpx.HTTPError, ValueError) as error:
            raise CallbackRefused("certificate") from error

    def _check(self, chain: Sequence[x509.Certificate], now: datetime) -> None:
        """Validity, signatures up to a root we believe, and whose it is."""
        store = Store(self._roots or _everybodys())
        verifier = (
            PolicyBuilder().store(store).time(now).build_server_verifier(x509.DNSName(self._signer))
        )
        try:
            verifier.verify(chain[0], list(chain[1:]))
        except VerificationError as error:
            raise CallbackRefused("certificate") from error


def _limited(answer: httpx.Response) -> list[bytes]:
    parts: list[bytes] = []
    for part in answer.iter_bytes():
        parts.append(part)
        if sum(map(len, parts)) > BYTES_MAX:
            raise ValueError("this is no certificate")
    return parts


@cache
def _everybodys() -> list[x509.Certificate]:
    """Of all authorities this machine believes; one of them is numbered 0, which is a warning."""
    with catch_warnings(action="ignore"):
        return [
            x509.load_der_x509_certificate(one) for one in trust().get_ca_certs(binary_form=True)
        ]
