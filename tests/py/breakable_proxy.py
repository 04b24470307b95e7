"""A connection between a gateway and a service that a test can break."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading


class BreakableProxy:
    """Passes connections of a loopback port on to another."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def target(self) -> str:
        """The address to connect to."""
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    def reset(self) -> None:
        """End all connections as by the death of a host: with RST."""
        for _, ours in self._pairs:
            ours.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
            # Closed alone, it would live on in the thread that reads it.
            ours.shutdown(socket.SHUT_RD)
            ours.close()
        self.close()

    def finish(self) -> None:
        """End all connections as by the death of a process: with FIN."""
        for _, ours in self._pairs:
            ours.shutdown(socket.SHUT_RDWR)
        self.close()

    def close(self) -> None:
        """Take no more connections, and end those there are."""
        self._listener.close()
        for pair in self._pairs:
            for end in pair:
                end.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                theirs, _ = self._listener.accept()
                ours = socket.create_connection(("127.0.0.1", self._port))
                self._pairs.append((theirs, ours))
                for source, sink in [(theirs, ours), (ours, theirs)]:
                    threading.Thread(
                        target=_pass_on, args=(source, sink), daemon=True
                    ).start()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
