"""A real `streamerd`, run by a test on ephemeral loopback ports."""

from __future__ import annotations

import http.client
import json
import os
import re
import selectors
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[2]
_READY = re.compile(r"streamerd ready http=([\d.]+):(\d+) grpc=\1:(\d+)")
# Against hanging only.
PATIENCE = 60.0


def build_folder() -> Path:
    """Return the folder in which the tests' binaries were built."""
    return Path(os.environ.get("STREAMER_BUILD_DIR", _ROOT / "build/release"))


def clean_environment() -> dict[str, str]:
    """Return ours without what streamerd would take for its settings."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("STREAMER_")
    }


class Streamerd:
    """The process, and its HTTP port to talk to.

    `prefix` is what runs the command, such as `ip netns exec NAME`: it must
    become the command. `environment` is added to that of the process.
    """

    def __init__(
        self,
        log: Path,
        *options: str,
        host: str = "127.0.0.1",
        prefix: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._log = log
        self._options = options
        self.host = host
        self._prefix = prefix
        self._environment = environment or {}
        self._process: subprocess.Popen[str] | None = None
        self.http_port = 0
        self.grpc_port = 0

    @property
    def target(self) -> str:
        """The gRPC address."""
        return f"{self.host}:{self.grpc_port}"

    @property
    def pid(self) -> int:
        """The process id."""
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        """What it wrote to stderr, all starts together."""
        return self._log.read_text()

    def start(self) -> None:
        """Start it, on the same ports if it ran before, and wait for ready."""
        with self._log.open("a") as log:
            self._process = subprocess.Popen(
                [
                    *self._prefix,
                    str(build_folder() / "bin/streamerd"),
                    f"--listen={self.host}",
                    f"--port={self.http_port}",
                    f"--grpc.port={self.grpc_port}",
                    *self._options,
                ],
                env={**clean_environment(), **self._environment},
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        line = self._first_line()
        ready = _READY.match(line)
        assert ready is not None, f"got {line!r}; its log: {self.log}"
        assert ready[1] == self.host
        self.http_port, self.grpc_port = int(ready[2]), int(ready[3])

    def _first_line(self) -> str:
        assert self._process is not None
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            assert selector.select(PATIENCE), f"silent; its log: {self.log}"
        return self._process.stdout.readline()

    def kill(self) -> None:
        """Kill it, as by SIGKILL."""
        self._signal(signal.SIGKILL)

    def stop(self) -> int:
        """End it, as by SIGTERM; return its exit code."""
        return self._signal(signal.SIGTERM)

    def _signal(self, number: signal.Signals) -> int:
        process = self._process
        if process is None:
            return 0
        self._process = None
        process.send_signal(number)
        try:
            return process.wait(PATIENCE)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            assert process.stdout is not None
            process.stdout.close()

    def post(self, path: str, body: bytes) -> tuple[int, Any]:
        """Post to the HTTP port; return status and decoded answer."""
        connection = http.client.HTTPConnection(
            self.host, self.http_port, timeout=PATIENCE
        )
        try:
            connection.request("POST", path, body)
            response = connection.getresponse()
            return response.status, json.loads(response.read() or b"null")
        finally:
            connection.close()

    def get(self, path: str) -> int:
        """Get from the HTTP port; return the status."""
        connection = http.client.HTTPConnection(
            self.host, self.http_port, timeout=PATIENCE
        )
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            response.read()
            return response.status
        finally:
            connection.close()

    def ingest(self, events: Iterable[dict[str, Any]]) -> None:
        """Ingest events, all of which must be accepted."""
        self.ingest_lines([json.dumps(event) for event in events])

    def ingest_lines(self, lines: Sequence[str]) -> None:
        """Ingest events that are JSON already; each must be accepted."""
        status, answer = self.post("/v1/events", "\n".join(lines).encode())
        assert status == 202, answer
        assert answer["accepted"] == len(lines)


def wait_until(condition: Any, what: str) -> None:
    """Wait until a condition holds; fail when it does not in time."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"timed out: {what}"
        time.sleep(0.005)
