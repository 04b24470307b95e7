"""The processes of the main job: started here, and ended here, each by its pid.

Every wait has a deadline, and every failure says which process, what was
expected of it and the end of what it logged.
"""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from main_job.plan import Plan
from main_job.recording import Recording

_SCRIPTS = Path(__file__).resolve().parent.parent
_PATIENCE_S = 60.0
_GRACE_S = 30.0  # from SIGTERM to SIGKILL
# Ends the child when this process dies, however it dies. A program in front of
# the child and not `preexec_fn`: that runs Python code in the fork, where the
# exception of a signal handler would be printed and lost.
_DIE_WITH_PARENT = ("setpriv", "--pdeathsig", "TERM", "--")


class ProcessFailed(Exception):  # noqa: N818  (it names what happened)
    """A process ended, or was silent for too long."""


class ChildProcess:
    """A child that speaks to us in lines.

    It gets SIGTERM when this process dies, however it dies.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[object],
        log: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self._log = log
        self._unread = b""
        with log.open("wb") as log_file:
            self._process = subprocess.Popen(
                [str(word) for word in (*_DIE_WITH_PARENT, *command)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log_file,
                bufsize=0,
                env={**os.environ, **(environment or {})},
                process_group=0,  # Ctrl-C is ours to pass on
            )
        assert self._process.stdout is not None
        self._output = self._process.stdout
        os.set_blocking(self._output.fileno(), False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._output, selectors.EVENT_READ)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def fileno(self) -> int:
        """Return the descriptor that is readable when there are lines."""
        return self._output.fileno()

    def read_lines(self) -> list[str]:
        """Return the whole lines that came, without waiting.

        Raises ProcessFailed when the process has ended.
        """
        chunk = self._output.read(1 << 16)
        if chunk == b"":
            raise ProcessFailed(self._ended())
        self._unread += chunk or b""
        *lines, self._unread = self._unread.split(b"\n")
        return [line.decode() for line in lines]

    def expect_line(self, start: str, patience_s: float = _PATIENCE_S) -> str:
        """Wait for a line that begins with ``start``; pass over others."""
        deadline = time.monotonic() + patience_s
        while (left := deadline - time.monotonic()) > 0:
            if not self._selector.select(left):
                continue
            for line in self.read_lines():
                if line.startswith(start):
                    return line
        raise ProcessFailed(
            f"{self.name}: expected `{start}` within {patience_s:.0f} s, "
            f"got nothing{self._last_words()}"
        )

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it runs."""
        return self._process.poll()

    def peak_memory_bytes(self) -> int:
        """Return the most memory it ever had in use; 0 once it has ended."""
        with contextlib.suppress(OSError):
            status = Path(f"/proc/{self.pid}/status").read_text()
            if found := re.search(r"VmHWM:\s+(\d+) kB", status):
                return int(found[1]) * 1024
        return 0

    def wait(self, patience_s: float | None = _PATIENCE_S) -> int:
        """Wait for its end and return its exit code."""
        return self._process.wait(patience_s)

    def stop(self) -> int:
        """End it, politely and then not, and return its exit code."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        self._selector.close()
        self._output.close()
        assert self._process.stdin is not None
        self._process.stdin.close()
        return code

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def _ended(self) -> str:
        code = self._process.wait(_PATIENCE_S)
        return f"{self.name}: ended with code {code}{self._last_words()}"

    def _last_words(self) -> str:
        text = self._log.read_text(errors="replace").strip()
        last = "\n".join(text.splitlines()[-5:])
        return f"; {self._log} ends with:\n{last}" if last else ""


class Service(ChildProcess):
    """A running ``streamerd``.

    Attributes
    ----------
    http_port, grpc_port : int
        Where it listens, on the loopback interface.
    """

    def __init__(
        self, binary: Path, folder: Path, *, http_port: int, grpc_port: int
    ) -> None:
        command = [
            binary,
            *("--listen", "127.0.0.1"),
            *("--port", str(http_port)),
            *("--grpc.port", str(grpc_port)),
        ]
        super().__init__("streamerd", command, folder / "streamerd.log")
        try:
            ready = self.expect_line("streamerd ready ")
            ports = re.search(r"http=\S+:(\d+) grpc=\S+:(\d+)", ready)
            if ports is None:
                raise ProcessFailed(
                    "streamerd: expected `http=HOST:PORT grpc=HOST:PORT` in "
                    f"its ready line, got `{ready}`"
                )
        except BaseException:
            self.stop()
            raise
        self.http_port, self.grpc_port = int(ports[1]), int(ports[2])


class GatewayProcess(ChildProcess):
    """A running `main_job.gateway`.

    Parameters
    ----------
    plan : Plan
        What it is to do.
    package : Path
        Folder from which it imports ``streamer``.
    folder : Path
        Where it writes.

    Attributes
    ----------
    barrier : int
        The last barrier that reached it, -1 before the first.
    deliveries : int
        How many deliveries had reached it by then.
    """

    def __init__(self, plan: Plan, package: Path, folder: Path) -> None:
        path = folder / f"gateway-{plan.name}.json"
        plan.save(path)
        self._recording = Path(plan.recording)
        self.barrier = -1
        self.deliveries = 0
        self._has_recorded = False
        super().__init__(
            f"gateway {plan.name}",
            [sys.executable, "-m", "main_job.gateway", path],
            folder / f"gateway-{plan.name}.log",
            {"PYTHONPATH": os.pathsep.join([str(_SCRIPTS), str(package)])},
        )

    def wait_until_subscribed(self) -> None:
        """Wait until the service has acknowledged every subscription."""
        self.expect_line("subscribed ")

    def read_barriers(self) -> None:
        """Take in what the gateway said, without waiting."""
        for line in self.read_lines():
            word, _, rest = line.partition(" ")
            if word == "barrier":
                number, deliveries = rest.split()
                self.barrier, self.deliveries = int(number), int(deliveries)
            elif word == "recorded":
                # A gateway that is quick says so in one piece with its last
                # barrier.
                self._has_recorded = True
            elif word == "gap":
                raise ProcessFailed(f"{self.name}: lost continuity: {rest}")

    def take_recording(self) -> Recording:
        """Wait until it has written its deliveries, and return them."""
        if not self._has_recorded:
            self.expect_line("recorded ")
        return Recording.load(self._recording)
