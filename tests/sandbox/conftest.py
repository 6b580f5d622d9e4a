"""Real stand-in servers on loopback, and an endpoint that takes their callbacks."""

import contextlib
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.mt5.sessions import answer_to

ROOT = Path(__file__).parents[2]


def wait_until(condition: Callable[[], Any], seconds: float = 10) -> Any:
    """Ask until the answer is yes, and return it; fail after a while."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        if time.monotonic() > deadline:
            raise AssertionError("it did not happen in time")
        time.sleep(0.02)
    return answer


@dataclass(frozen=True)
class Callback:
    body: bytes
    headers: dict[str, str]

    @property
    def event(self) -> dict[str, Any]:
        return json.loads(self.body)


class Endpoint:
    """The hub's side: takes every callback, and says what it is told to say."""

    def __init__(self) -> None:
        self.received: list[Callback] = []
        self.status = 200
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                endpoint.received.append(Callback(body, dict(self.headers)))
                self.send_response(endpoint.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/callbacks"

    def about(self, text: str) -> list[Callback]:
        return [callback for callback in self.received if text.encode() in callback.body]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@dataclass
class Server:
    """One stand-in in a process of its own."""

    name: str
    home: Path
    endpoint: Endpoint
    port: int = 0
    process: subprocess.Popen[bytes] | None = None
    clients: list[httpx.Client] = field(default_factory=list)
    http: httpx.Client = field(init=False)
    """For what anybody may ask."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def secrets(self) -> dict[str, list[str]]:
        return json.loads((self.home / f"{self.name}.json").read_text())

    def start(self) -> "Server":
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        command = [sys.executable, "-m", f"sandbox.{self.name}", "--port", str(self.port)]
        command += ["--home", str(self.home), "--webhook-url", self.endpoint.url]
        self.process = subprocess.Popen(command, cwd=ROOT)
        self.http = self.client()
        wait_until(self._is_up, 30)
        return self

    def _is_up(self) -> bool:
        with contextlib.suppress(httpx.HTTPError):
            return self.http.get("/sandbox/health").status_code == 200
        return False

    def kill(self) -> None:
        """As if the power went: no chance to tidy up."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def client(self, **headers: str) -> httpx.Client:
        client = httpx.Client(base_url=self.url, headers=headers, timeout=30)
        self.clients.append(client)
        return client

    def authorised(self) -> httpx.Client:
        """A client with the vendor's credentials; at MetaTrader, one authenticated connection."""
        match self.name:
            case "stripe" | "checkout_com":
                return self.client(Authorization=f"Bearer {self.secrets['api_keys'][0]}")
            case "adyen" | "nowpayments":
                return self.client(**{"X-API-Key": self.secrets["api_keys"][0]})
            case _:
                client = self.client()
                start = client.get("/api/auth/start", params={"login": "1000"}).json()
                password = self.secrets["manager_password"][0]
                answer = answer_to(password, bytes.fromhex(start["srv_rand"]))
                given = {"srv_rand_answer": answer, "cli_rand": "00" * 16}
                assert client.get("/api/auth/answer", params=given).json()["retcode"] == "0 Done"
                return client

    def fault(self, match: str, fault: str, **more: object) -> None:
        rule = {"match": match, "fault": fault} | more
        assert self.http.post("/sandbox/faults", json=rule).status_code == 201

    def moves(self, *moves: dict[str, object], deliver: str = "never") -> dict[str, Any]:
        answer = self.http.post("/sandbox/moves", params={"deliver": deliver}, json=list(moves))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def close(self) -> None:
        for client in self.clients:
            client.close()
        assert self.process is not None
        self.process.terminate()
        self.process.wait()
        self.endpoint.close()


@pytest.fixture(scope="session")
def shared_servers(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[str], Server]]:
    started: dict[str, Server] = {}

    def server(name: str) -> Server:
        if name not in started:
            home = tmp_path_factory.mktemp(f"sandbox-{name}")
            started[name] = Server(name, home, Endpoint()).start()
        return started[name]

    yield server
    for running in started.values():
        running.close()


@pytest.fixture
def sandbox_server(
    shared_servers: Callable[[str], Server],
) -> Iterator[Callable[[str], Server]]:
    """A running stand-in, shared by the tests, with no faults and the real time."""
    used: list[Server] = []

    def server(name: str) -> Server:
        used.append(shared_servers(name))
        return used[-1]

    yield server
    for running in used:
        running.http.delete("/sandbox/faults")
        running.http.delete("/sandbox/clock")
        running.endpoint.status = 200


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Callable[[str], Server]]:
    """A stand-in of this test's own, to be killed and looked at from a clean start."""
    started: list[Server] = []

    def server(name: str) -> Server:
        started.append(Server(name, tmp_path / name, Endpoint()).start())
        return started[-1]

    yield server
    for running in started:
        running.close()


@pytest.fixture
def eventually() -> Callable[..., Any]:
    return wait_until


@pytest.fixture
def stripe(sandbox_server: Callable[[str], Server]) -> Server:
    return sandbox_server("stripe")


@pytest.fixture
def adyen(sandbox_server: Callable[[str], Server]) -> Server:
    return sandbox_server("adyen")


@pytest.fixture
def mt5(sandbox_server: Callable[[str], Server]) -> Server:
    return sandbox_server("mt5")


@pytest.fixture
def reference(request: pytest.FixtureRequest) -> str:
    """A payment reference nobody else uses."""
    return f"D-{abs(hash((request.node.nodeid, time.monotonic_ns()))) % 10**12:012}"
