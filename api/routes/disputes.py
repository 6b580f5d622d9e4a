"""Deposits that clients' banks question, and our answers."""

from functools import partial
from typing import Any
from uuid import UUID

from fastapi import Response
from sqlalchemy.orm import Session

from api.deps import ActorDep, HubDep, NowDep, SessionDep, needs
from api.door import Doors
from api.schemas.disputes import AnswerForm, DisputeOut, PackOut, RatioOut
from api.schemas.lists import After, Limit
from api.web.listing import part
from operational.access.matrix import Permission
from operational.kit.actor import Actor
from operational.kit.errors import InvalidInput
from operational.payments.disputes import queries, service
from operational.payments.disputes import ratios as monitoring
from operational.payments.disputes.states import Stage
from operational.platforms.connect import connect

router = Doors("/api/disputes", tag="disputes")

READS, ANSWERS = needs(Permission.DISPUTES_READ), needs(Permission.DISPUTES_ANSWER)


@router.get("", dependencies=[READS])
def disputes(
    session: SessionDep, stage: Stage | None = None, after: After = None, limit: Limit = 100
) -> list[DisputeOut]:
    """The newest first, of one stage if said."""
    found = part(session, queries.matching(stage), by="opened_at", after=after, rows_max=limit)
    return [DisputeOut.model_validate(dispute) for dispute in found]


@router.get("/ratios", dependencies=[READS])
def ratios(session: SessionDep, now: NowDep) -> list[RatioOut]:
    """Disputes against sales by provider and month, the newest first."""
    return [RatioOut.model_validate(one) for one in monitoring.ratios(session, now)]


@router.get("/{reference}", dependencies=[READS])
def dispute(reference: str, session: SessionDep) -> DisputeOut:
    return DisputeOut.model_validate(queries.get(session, reference))


@router.post("/{reference}/packs", status_code=201, dependencies=[ANSWERS])
def make_pack(
    reference: str, session: SessionDep, actor: ActorDep, hub: HubDep, now: NowDep
) -> PackOut:
    """Put together what proves the deposit, and keep it."""
    pack = service.make_pack(
        session, reference, platform=partial(connect, hub.settings), actor=actor, now=now
    )
    return PackOut(
        id=pack.id,
        sha256=pack.content_sha256.hex(),
        made_at=pack.made_at,
        made_by_name=pack.made_by_name,
    )


@router.get("/{reference}/packs/{pack_id}", dependencies=[ANSWERS])
def pack(
    reference: str, pack_id: UUID, session: SessionDep, actor: ActorDep, now: NowDep
) -> Response:
    """The PDF. Every look is recorded."""
    return pdf(session, reference, pack_id, actor=actor, now=now)


@router.post("/{reference}/answer", dependencies=[ANSWERS])
def answer(
    reference: str, form: AnswerForm, session: SessionDep, actor: ActorDep, now: NowDep
) -> DisputeOut:
    """Defend with a pack, let the money go, or note what was handed in on the provider's pages."""
    return DisputeOut.model_validate(give(session, reference, form, actor=actor, now=now))


def give(session: Session, reference: str, form: AnswerForm, *, actor: Actor, now: Any) -> Any:
    """The verb that an answer asks for."""
    match form.answer:
        case "evidence":
            if form.pack_id is None:
                raise InvalidInput("Name the pack the bank shall get.", field="pack_id")
            return service.defend(session, reference, form.pack_id, actor=actor, now=now)
        case "accepted":
            return service.accept(session, reference, reason=form.note or "", actor=actor, now=now)
        case _:
            return service.hand_in(session, reference, note=form.note or "", actor=actor, now=now)


def pdf(session: Session, reference: str, pack_id: UUID, *, actor: Actor, now: Any) -> Response:
    """A pack as a download."""
    found = service.read_pack(session, reference, pack_id, actor=actor, now=now)
    headers = {
        "Content-Disposition": f'attachment; filename="{reference}-{pack_id.hex[-8:]}.pdf"',
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return Response(found.content, media_type="application/pdf", headers=headers)
