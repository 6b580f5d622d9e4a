"""A4: the runbook's words are enough; this is another program, written from docs/runbooks/audit.md."""

import json
from hashlib import sha256

from cryptography.hazmat.primitives.serialization import load_pem_public_key

from tests.audit import logs

FIELDS = (
    *("id", "at", "actor_id", "actor_name", "role", "session_id", "ip"),
    *("verb", "subject_kind", "subject_id", "reason", "before", "after"),
    *("rule_version", "decision_id", "evidence_id", "request_id", "pii_commitment"),
)


def test_leaves_roots_and_signatures_are_what_the_runbook_says():
    log = logs.a_log(8, batch=4)
    public = load_pem_public_key(logs.SIGNER.public_pem().encode())
    previous = "00" * 32

    for number, signed in enumerate(log.checkpoints):
        rows = log.events[number * 4 : number * 4 + 4]
        leaves = [leaf(row) for row in rows]
        assert [found.hex() for found in leaves] == [row["leaf"] for row in rows]

        checkpoint = json.loads(signed.to_line())
        one, two, three, four = leaves
        assert node(node(one, two), node(three, four)).hex() == checkpoint["root"]

        signature = bytes.fromhex(checkpoint.pop("signature"))
        body = spelled(checkpoint | {"format": "kingpost audit checkpoint 1"})
        public.verify(signature, body)
        assert checkpoint["previous"] == previous
        previous = sha256(body + signature).hexdigest()


def leaf(row):
    content = framed(b"kingpost audit leaf 1")
    for name in FIELDS:
        value = row[name]
        if name in ("before", "after") and value is not None:
            content += framed(spelled(value))
        else:
            content += framed(None if value is None else value.encode())
    return sha256(b"\x00" + content).digest()


def framed(field):
    return b"\xff" * 4 if field is None else len(field).to_bytes(4, "big") + field


def spelled(document):
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def node(left, right):
    return sha256(b"\x01" + left + right).digest()
