"""The client's documents, and why an identity check waits."""

from typing import Annotated

from fastapi import File, Form, Request, Response, UploadFile

from api import throttles
from api.deps import ActorDep, HubDep, NowDep, SessionDep, needs
from api.me import MeDep
from api.schemas.documents import UPLOAD_BYTES_MAX
from api.web.door import Pages
from api.web.shell import page, see_other
from operational.access.matrix import Permission
from operational.kyc import queries
from operational.kyc import service as kyc
from operational.kyc.states import DocumentKind
from operational.kyc.vault import Vault

router = Pages("/room/documents")

UPLOADS = needs(Permission.KYC_UPLOAD)


@router.get("", dependencies=[UPLOADS])
def documents(request: Request, session: SessionDep, me: MeDep) -> Response:
    found = session.scalars(queries.documents(me.id)).all()
    return page(
        request,
        "room_documents.html",
        client=me,
        documents=found,
        check=session.scalars(queries.checks(me.id)).first(),
        has_identity=any(document.kind != DocumentKind.PROOF_OF_ADDRESS for document in found),
        has_address=any(document.kind == DocumentKind.PROOF_OF_ADDRESS for document in found),
    )


@router.post("", dependencies=[UPLOADS], max_body_size=UPLOAD_BYTES_MAX)
def upload(
    kind: Annotated[DocumentKind, Form()],
    file: Annotated[UploadFile, File()],
    *,
    mrz: Annotated[str, Form(max_length=200)] = "",
    session: SessionDep,
    actor: ActorDep,
    me: MeDep,
    hub: HubDep,
    now: NowDep,
) -> Response:
    kyc.upload_document(
        session,
        me.id,
        kind=kind,
        file_name=file.filename or "unnamed",
        content=file.file.read(),
        mrz=mrz or None,
        actor=actor,
        now=now,
        vault=Vault(hub.settings),
    )
    return see_other("/room/documents", "document")


@router.post("/check", dependencies=[UPLOADS, throttles.IDENTITY])
def submit(session: SessionDep, actor: ActorDep, me: MeDep, now: NowDep) -> Response:
    """Ask for the identity check; clear cases are decided before the page comes back."""
    kyc.submit(session, me.id, actor=actor, now=now)
    return see_other("/room/documents", "check")
