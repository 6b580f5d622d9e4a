"""An HTTP client light enough not to be what is measured: blocking sockets, kept alive, one per thread."""

import socket
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class Load:
    """What a run of requests took."""

    seconds: float
    latencies: list[float]
    """Of each request in seconds, from the moment it was due."""

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def drive(
    host: str, port: int, requests: Sequence[bytes], connections: int, rate: float | None = None
) -> Load:
    """Send all requests over `connections`; at `rate` a second if given, else as fast as they go.

    The connections are opened before the clock runs.

    Raises:
        RuntimeError: an answer was not a 2xx.
    """
    parts = [requests[number::connections] for number in range(connections)]
    interval = connections / rate if rate else 0.0
    with ThreadPoolExecutor(connections) as pool, ExitStack() as stack:
        lines = [stack.enter_context(_line(host, port)) for _ in parts]
        began = time.perf_counter()
        running = [
            pool.submit(_send, line, part, began + interval * number / connections, interval)
            for number, (line, part) in enumerate(zip(lines, parts, strict=True))
        ]
        latencies = [latency for one in running for latency in one.result()]
        seconds = time.perf_counter() - began
    return Load(seconds, latencies)


def request(path: str, host: str, headers: dict[str, str], body: bytes) -> bytes:
    """A whole POST request on the wire."""
    given = {"Host": host, "Content-Length": str(len(body)), **headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    return f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode() + body


def _line(host: str, port: int) -> socket.socket:
    line = socket.create_connection((host, port), TIMEOUT_SECONDS)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return line


def _send(
    line: socket.socket, requests: Sequence[bytes], first: float, interval: float
) -> list[float]:
    latencies = []
    for number, one in enumerate(requests):
        due = first + number * interval if interval else time.perf_counter()
        time.sleep(max(0.0, due - time.perf_counter()))
        line.sendall(one)
        _read_answer(line)
        # From when it was due: a late start is the server's fault, not the clock's.
        latencies.append(time.perf_counter() - due)
    return latencies


def _read_answer(line: socket.socket) -> None:
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += _some(line)
    head, _, body = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 2"):
        raise RuntimeError(f"answered {head[:200]!r} {body[:200]!r}")
    length = next(
        int(header.split(b":")[1])
        for header in head.lower().split(b"\r\n")
        if header.startswith(b"content-length:")
    )
    while len(body) < length:
        body += _some(line)


def _some(line: socket.socket) -> bytes:
    received = line.recv(65536)
    if not received:
        raise RuntimeError("the server hung up")
    return received
