"""``python -m sandbox.nowpayments --port 8105 --home DIR --webhook-url URL``."""

from fastapi import Request
from fastapi.responses import Response

from sandbox.nowpayments import bulk, page, payouts, routes, verbs
from sandbox.nowpayments.vendor import NowPayments, Refused, fresh_secrets
from sandbox.server import build_app, read_options, serve
from sandbox.world import World, build_world


def on_timer(world: World, identifier: str) -> None:
    """What time alone does, to a payment or to a payout."""
    timed = payouts if world.store.get("withdrawal", identifier) else verbs
    timed.on_timer(world, identifier)


def main() -> None:
    options = read_options("nowpayments", 8105)
    world = build_world(
        options.home,
        make_vendor=NowPayments,
        fresh_secrets=fresh_secrets,
        name="nowpayments",
        webhook_url=options.webhook_url,
    )
    routers = [page.routes(world), bulk.routes(world, on_timer), routes.routes(world)]
    app = build_app(world, routers, on_timer)

    @app.exception_handler(Refused)
    def refused(_request: Request, refusal: Refused) -> Response:
        return routes.respond(refusal.answer)

    serve(app, options)


if __name__ == "__main__":
    main()
