"""``python -m sandbox.bank --port 8107 --home DIR``. It calls nobody back."""

from fastapi import Request
from fastapi.responses import Response

from sandbox.bank import bulk, orders, pages, routes
from sandbox.bank.vendor import Bank, fresh_secrets
from sandbox.bank.verbs import Refused, on_timer
from sandbox.server import build_app, read_options, serve
from sandbox.world import build_world


def main() -> None:
    options = read_options("bank", 8107)
    world = build_world(
        options.home,
        make_vendor=Bank,
        fresh_secrets=fresh_secrets,
        name="bank",
        webhook_url=None,
    )
    routers = [module.routes(world) for module in (orders, routes, bulk, pages)]
    app = build_app(world, routers, on_timer)

    @app.exception_handler(Refused)
    def refused(_request: Request, refusal: Refused) -> Response:
        answer = refusal.answer
        return Response(answer.body, answer.status, answer.headers, answer.media_type)

    serve(app, options)


if __name__ == "__main__":
    main()
