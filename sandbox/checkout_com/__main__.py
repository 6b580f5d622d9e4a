"""``python -m sandbox.checkout_com --port 8104 --home DIR --webhook-url URL``."""

from fastapi import Request
from fastapi.responses import Response

from sandbox.checkout_com import bulk, page, report, routes, verbs
from sandbox.checkout_com.vendor import CheckoutCom, Refused, fresh_secrets
from sandbox.server import build_app, read_options, serve
from sandbox.world import build_world


def main() -> None:
    options = read_options("checkout_com", 8104)
    world = build_world(
        options.home,
        make_vendor=CheckoutCom,
        fresh_secrets=fresh_secrets,
        name="checkout_com",
        webhook_url=options.webhook_url,
    )
    routers = [module.routes(world) for module in (page, report, bulk, routes)]
    app = build_app(world, routers, verbs.on_timer)

    @app.exception_handler(Refused)
    def refused(_request: Request, refusal: Refused) -> Response:
        return routes.respond(refusal.answer)

    serve(app, options)


if __name__ == "__main__":
    main()
