"""``python -m sandbox.paypal --port 8106 --home DIR --webhook-url URL``."""

from functools import partial

from fastapi import Request
from fastapi.responses import Response

from sandbox.paypal import bulk, checkout, routes, verbs
from sandbox.paypal.vendor import PayPal, fresh_secrets
from sandbox.paypal.verbs import Refused
from sandbox.server import build_app, read_options, serve
from sandbox.world import build_world


def main() -> None:
    options = read_options("paypal", 8106)
    world = build_world(
        options.home,
        make_vendor=partial(PayPal, url=f"http://{options.host}:{options.port}"),
        fresh_secrets=fresh_secrets,
        name="paypal",
        webhook_url=options.webhook_url,
    )
    routers = [module.routes(world) for module in (checkout, bulk, routes)]
    app = build_app(world, routers, verbs.on_timer)

    @app.exception_handler(Refused)
    def refused(_request: Request, refusal: Refused) -> Response:
        return routes.respond(refusal.answer)

    serve(app, options)


if __name__ == "__main__":
    main()
