"""A payment provider that answers whatever a test wants it to."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LISTING = "/reports"


class Provider:
    """Answers of a provider by path; 404 elsewhere."""

    def __init__(self) -> None:
        answers: dict[str, bytes] = {}

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                self.send_response(200 if path in answers else 404)
                self.end_headers()
                self.wfile.write(answers.get(path, b""))

            def log_message(self, *_: object) -> None:
                pass

        self.answers = answers
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def reports(self, *accounts: str, content: dict[str, bytes]) -> None:
        """One report each, all of batch 7."""
        listed = [
            {"id": f"{account}.csv", "merchantAccount": account, "batch": 7} for account in accounts
        ]
        self.answers[LISTING] = json.dumps(listed).encode()
        for account in accounts:
            self.answers[f"{LISTING}/{account}.csv"] = content[account]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
