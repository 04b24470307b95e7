"""HTTP calls as tests make them, and what /metrics says."""

from __future__ import annotations

import http.client
import json
import re
import socket
from dataclasses import dataclass
from typing import Any

from streamerd import PATIENCE, Streamerd

_SAMPLE = re.compile(r'^([a-z_]+)(\{[a-z]+="[^"]*"\})? (\S+)$')


@dataclass
class Answer:
    """What the service answered."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)


def call(
    service: Streamerd,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> Answer:
    """Make one call on a connection of its own."""
    connection = http.client.HTTPConnection(
        "127.0.0.1", service.http_port, timeout=PATIENCE
    )
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


def get(service: Streamerd, path: str) -> Answer:
    """GET."""
    return call(service, "GET", path)


def post_events(service: Streamerd, *lines: bytes) -> Answer:
    """Post lines to /v1/events."""
    return call(service, "POST", "/v1/events", b"\n".join(lines))


def problem(status: int, title: str, detail: str, **members: Any) -> Any:
    """Return the body of application/problem+json."""
    return {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        **members,
    }


def raw_exchange(service: Streamerd, request: bytes) -> bytes:
    """Send bytes, close the sending side, return all that comes back."""
    with socket.create_connection(
        ("127.0.0.1", service.http_port), PATIENCE
    ) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        received = b""
        while piece := connection.recv(1 << 16):
            received += piece
        return received


def samples(service: Streamerd) -> dict[str, float]:
    """Scrape /metrics: name and label, as written, to value."""
    answer = get(service, "/metrics")
    assert answer.status == 200
    found = {}
    for line in answer.body.decode().splitlines():
        if line.startswith("#"):
            continue
        sample = _SAMPLE.match(line)
        assert sample is not None, f"no sample: {line!r}"
        name = sample[1] + (sample[2] or "")
        assert name not in found, f"twice: {name}"
        found[name] = float(sample[3])
    return found


def active_subscriptions(service: Streamerd) -> float:
    """Return the number of live subscriptions, of all kinds."""
    return sum(
        value
        for name, value in samples(service).items()
        if name.startswith("streamer_subscriptions_active{")
    )
