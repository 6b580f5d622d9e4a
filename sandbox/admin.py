"""What a test or a demo asks of a stand-in itself: health, faults, clock, callbacks."""

from collections.abc import Callable

from fastapi import APIRouter
from pydantic import BaseModel

from sandbox.clock import When, moment
from sandbox.faults import Fault
from sandbox.store import Document
from sandbox.world import World


class Pin(BaseModel):
    now: When


def routes(world: World, tick: Callable[[], None]) -> APIRouter:
    """The ``/sandbox`` routes every stand-in has; `tick` does what is due by now."""
    router = APIRouter(prefix="/sandbox")
    _add_faults(router, world)
    _add_clock(router, world, tick)
    _add_deliveries(router, world)

    @router.get("/health")
    def health() -> Document:
        return {"status": "ok", "vendor": world.vendor.name, "now": world.now().isoformat()}

    return router


def _add_faults(router: APIRouter, world: World) -> None:
    @router.get("/faults")
    def faults() -> list[Fault]:
        return world.faults.all()

    @router.post("/faults", status_code=201)
    def add_fault(rule: Fault) -> Fault:
        return world.faults.add(rule)

    @router.delete("/faults", status_code=204)
    def clear_faults() -> None:
        world.faults.remove()

    @router.delete("/faults/{identifier}", status_code=204)
    def remove_fault(identifier: int) -> None:
        world.faults.remove(identifier)


def _add_clock(router: APIRouter, world: World, tick: Callable[[], None]) -> None:
    @router.get("/clock")
    def clock() -> Document:
        return {"now": world.now().isoformat(), "pinned": world.clock.pinned is not None}

    @router.post("/clock")
    def pin_clock(pin: Pin) -> Document:
        world.clock.pin(moment(pin.now))
        tick()
        return clock()

    @router.delete("/clock", status_code=204)
    def unpin_clock() -> None:
        world.clock.pin(None)


def _add_deliveries(router: APIRouter, world: World) -> None:
    @router.get("/deliveries")
    def deliveries(state: str | None = None, limit: int = 100) -> list[Document]:
        return world.deliveries.listed(state, limit)

    @router.post("/deliveries/flush")
    async def flush() -> Document:
        await world.deliveries.flush()
        return {"pending": len(world.deliveries.listed("pending"))}

    @router.post("/deliveries/{identifier}/resend", status_code=204)
    def resend(identifier: int) -> None:
        world.deliveries.resend(identifier)
