"""A real etcd, alone in a folder, on loopback ports that the system chose."""

from __future__ import annotations

import re
import signal
import subprocess
import threading
from pathlib import Path

from streamerd import PATIENCE

_SERVING = re.compile(r'serving client.*"address":"(127\.0\.0\.1:\d+)"')


class EtcdProcess:
    """The process, and the endpoint at which it can be reached."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self.endpoint = "127.0.0.1:0"

    def start(self) -> None:
        """Start it, where it was before if it was; wait until it serves."""
        client = f"http://{self.endpoint}"
        peer = "http://127.0.0.1:0"
        self._process = subprocess.Popen(
            [
                "etcd",
                "--name=test",
                f"--data-dir={self._folder}",
                f"--listen-client-urls={client}",
                f"--advertise-client-urls={client}",
                f"--listen-peer-urls={peer}",
                f"--initial-advertise-peer-urls={peer}",
                f"--initial-cluster=test={peer}",
                "--logger=zap",
                "--log-outputs=stderr",
                "--heartbeat-interval=10",
                "--election-timeout=100",
            ],
            stderr=subprocess.PIPE,
            text=True,
        )
        serving = threading.Event()
        self._reader = threading.Thread(target=self._read, args=(serving,))
        self._reader.start()
        assert serving.wait(PATIENCE), "etcd does not serve"

    # It must not stand still because nobody reads what it says.
    def _read(self, serving: threading.Event) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if found := _SERVING.search(line):
                self.endpoint = found[1]
                serving.set()

    def suspend(self) -> None:
        """Let it hang, as a machine does that has stopped."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """Kill it, as by SIGKILL, suspended or not."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        assert self._reader is not None
        self._reader.join()
        assert self._process.stderr is not None
        self._process.stderr.close()
        self._process = None
