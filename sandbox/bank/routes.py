"""Statements to fetch, closed days, and reports of today."""

from datetime import date, timedelta

from fastapi import APIRouter, Request
from fastapi.responses import Response

from sandbox.bank import statements, verbs
from sandbox.bank.orders import check_token
from sandbox.bank.verbs import refuse
from sandbox.store import Document
from sandbox.world import World


def routes(world: World) -> APIRouter:
    router = APIRouter()

    @router.get("/h2h/statements")
    def listed(request: Request) -> list[str]:
        """The files that lie ready, the newest last: statements of closed days, reports of today."""
        check_token(world, request)
        verbs.close_days(world, world.now().date() - timedelta(days=1))
        daily = world.store.listed("statement")[::-1]
        today = (statements.today(world, one) for one in verbs.bank_of(world).accounts)
        return [f"{one['id']}.camt.053.xml" for one in daily] + [
            f"{report[0]}.camt.052.xml" for report in today if report
        ]

    @router.get("/h2h/statements/{name}")
    def fetched(name: str, request: Request) -> Response:
        check_token(world, request)
        identifier, _, kind = name.partition(".")
        if kind == "camt.052.xml":
            return Response(_today(world, identifier), media_type="application/xml")
        statement = world.store.get("statement", identifier)
        writers = {"camt.053.xml": statements.daily, "mt940.sta": statements.swift}
        if statement is None or kind not in writers:
            raise refuse("no such statement", 404)
        return Response(writers[kind](world, statement), media_type="application/octet-stream")

    @router.post("/sandbox/settle")
    def settle(until: date) -> Document:
        """Close days before they are over, so that a demo need not wait."""
        verbs.close_days(world, until)
        return {"until": until.isoformat()}

    return router


def _today(world: World, identifier: str) -> bytes:
    for currency in verbs.bank_of(world).accounts:
        report = statements.today(world, currency)
        if report and report[0] == identifier:
            return report[1]
    raise refuse("that report is of an earlier hour or day", 404)
