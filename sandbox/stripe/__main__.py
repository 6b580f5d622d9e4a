"""``python -m sandbox.stripe --port 8101 --home DIR --webhook-url URL``."""

from fastapi import Request
from fastapi.responses import Response

from sandbox.server import build_app, read_options, serve
from sandbox.stripe import bulk, checkout, disputes, report, routes, verbs
from sandbox.stripe.vendor import Stripe, fresh_secrets
from sandbox.stripe.verbs import Refused
from sandbox.world import build_world


def main() -> None:
    options = read_options("stripe", 8101)
    world = build_world(
        options.home,
        make_vendor=Stripe,
        fresh_secrets=fresh_secrets,
        name="stripe",
        webhook_url=options.webhook_url,
    )
    routers = [module.routes(world) for module in (checkout, report, bulk, disputes, routes)]
    app = build_app(world, [*routers, routes.reading(world)], verbs.on_timer)

    @app.exception_handler(Refused)
    def refused(_request: Request, refusal: Refused) -> Response:
        return routes.respond(refusal.answer)

    serve(app, options)


if __name__ == "__main__":
    main()
