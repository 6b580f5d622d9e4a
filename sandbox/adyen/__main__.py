"""``python -m sandbox.adyen --port 8102 --home DIR --webhook-url URL``."""

from fastapi import Request
from fastapi.responses import Response

from sandbox.adyen import bulk, checkout, disputes, report, routes, verbs
from sandbox.adyen.vendor import Adyen, fresh_secrets
from sandbox.adyen.verbs import Refused
from sandbox.server import build_app, read_options, serve
from sandbox.world import build_world


def main() -> None:
    options = read_options("adyen", 8102)
    world = build_world(
        options.home,
        make_vendor=Adyen,
        fresh_secrets=fresh_secrets,
        name="adyen",
        webhook_url=options.webhook_url,
    )
    routers = [module.routes(world) for module in (checkout, report, bulk, disputes, routes)]
    app = build_app(world, routers, verbs.on_timer)

    @app.exception_handler(Refused)
    def refused(_request: Request, refusal: Refused) -> Response:
        return routes.respond(refusal.answer)

    serve(app, options)


if __name__ == "__main__":
    main()
