"""Evidence for disputes: files, fields, submission, giving in; and a bank that decides."""

import hashlib
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from starlette.datastructures import UploadFile

from sandbox.store import Document
from sandbox.stripe import verbs
from sandbox.stripe.routes import Form, FormDep, guarded
from sandbox.stripe.verbs import found, invalid
from sandbox.vendor import Answer
from sandbox.world import World

_FILE_BYTES_MAX = 5 * 1024 * 1024
_OPEN = frozenset({"needs_response", "warning_needs_response"})
# Stripe's own test texts: a bank that reads one of them decides at once.
_DECIDES = {"winning_evidence": True, "losing_evidence": False}


async def _file(request: Request) -> tuple[Form, bytes]:
    """A multipart form, and the file in it."""
    sent = await request.form()
    form = {name: value for name, value in sent.items() if isinstance(value, str)}
    upload = sent.get("file")
    content = await upload.read() if isinstance(upload, UploadFile) else b""
    return form | {"sha256": hashlib.sha256(content).hexdigest()}, content


def store_file(world: World, purpose: str, content: bytes) -> Document:
    if purpose != "dispute_evidence" or not content.startswith(b"%PDF"):
        raise invalid("Only a PDF as dispute_evidence is taken here.", "file_upload_error")
    if len(content) > _FILE_BYTES_MAX:
        raise invalid("The file is too large.", "file_upload_error")
    stored: Document = {
        "id": world.store.new_id("file_"),
        "object": "file",
        "created": world.clock.epoch(),
        "purpose": purpose,
        "size": len(content),
        "type": "pdf",
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    world.store.put(stored, kind="file")
    return stored


def submit(world: World, opened: Document, evidence: Form, *, submitted: bool) -> Document:
    """Keep evidence; once submitted it is the bank's, and cannot be changed."""
    if opened["status"] not in _OPEN:
        raise invalid("This dispute is already closed or under review.", "dispute_closed")
    if name := evidence.get("uncategorized_file"):
        found(world, "file", name)
    opened["evidence"] = opened.get("evidence", {}) | evidence
    opened["evidence_details"]["has_evidence"] = True
    if submitted:
        is_inquiry = opened["status"].startswith("warning_")
        opened["status"] = "warning_under_review" if is_inquiry else "under_review"
        opened["evidence_details"]["submission_count"] += 1
    world.store.put(opened, kind="dispute")
    verbs.tell(world, "charge.dispute.updated", opened, opened["payment_intent"])
    text = opened["evidence"].get("uncategorized_text", "")
    if submitted and text in _DECIDES:
        return verbs.close_dispute(world, opened, won=_DECIDES[text])
    return opened


def routes(world: World) -> APIRouter:
    router = APIRouter(prefix="/v1")

    @router.post("/files")
    def upload(request: Request, sent: Annotated[tuple[Form, bytes], Depends(_file)]) -> Response:
        form, content = sent

        def effect() -> Document | Answer:
            return store_file(world, form.get("purpose", ""), content)

        return guarded(world, request, form, effect)

    @router.post("/disputes/{identifier}")
    def update(identifier: str, request: Request, form: FormDep) -> Response:
        def effect() -> Document | Answer:
            evidence = {
                name.removeprefix("evidence[").removesuffix("]"): value
                for name, value in form.items()
                if name.startswith("evidence[")
            }
            opened = found(world, "dispute", identifier)
            return submit(world, opened, evidence, submitted=form.get("submit") == "true")

        return guarded(world, request, form, effect)

    @router.post("/disputes/{identifier}/close")
    def close(identifier: str, request: Request, form: FormDep) -> Response:
        def effect() -> Document | Answer:
            opened = found(world, "dispute", identifier)
            if opened["status"] not in _OPEN:
                raise invalid("This dispute is already closed.", "dispute_closed")
            return verbs.close_dispute(world, opened, won=False)

        return guarded(world, request, form, effect)

    return router
