"""A puller that sends what a test tells it to, over the real wire."""

from __future__ import annotations

import json
import threading
from concurrent import futures
from types import SimpleNamespace
from typing import Any

import grpc

# Idle streams are looked at so often; also how long a stop may take.
_BEAT = 0.2


class ScriptedPuller:
    """Messages with markers m1, m2, …; whoever asks gets those after his.

    `asked` has the marker of each stream, oldest first.
    """

    def __init__(self, wire: SimpleNamespace) -> None:
        self._wire = wire
        self._changed = threading.Condition()
        self._messages: list[Any] = []
        self._is_stopping = False
        self.asked: list[str] = []
        method = grpc.unary_stream_rpc_method_handler(
            self._serve,
            wire.SubscribeRequest.FromString,
            lambda message: message.SerializeToString(),
        )
        self._server = grpc.server(futures.ThreadPoolExecutor(4))
        self._server.add_generic_rpc_handlers(
            (
                grpc.method_handlers_generic_handler(
                    "syntrix.puller.v1.PullerService", {"Subscribe": method}
                ),
            )
        )
        port = self._server.add_insecure_port("127.0.0.1:0")
        self.target = f"127.0.0.1:{port}"
        self._server.start()

    def stop(self) -> None:
        """End all streams."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify_all()
        self._server.stop(None).wait()

    def send(self, gap: str | None = None, **change: Any) -> None:
        """Send the next event, of t and c; before it a gap with this reason.

        `change` replaces fields of the ChangeEvent.
        """
        with self._changed:
            number = len(self._messages) + 1
            message = self._wire.PullerEvent(progress=f"m{number}")
            message.change_event.CopyFrom(self._change(number, change))
            if gap is not None:
                message.gap.backend = "b"
                message.gap.reason = gap
            self._messages.append(message)
            self._changed.notify_all()

    def _change(self, number: int, replaced: dict[str, Any]) -> Any:
        stored = {
            "id": f"t:{number}",
            "database": "t",
            "collection": "c",
            "fullpath": f"c/d{number}",
            "data": {"n": number},
            "version": 1,
        }
        fields = {
            "event_id": f"e{number}",
            "tenant": "t",
            "mgo_doc_id": f"t:{number}",
            "op_type": "insert",
            "full_doc": json.dumps(stored).encode(),
            "timestamp": 1,
            "backend": "b",
        }
        return self._wire.ChangeEvent(**{**fields, **replaced})

    def _serve(self, request: Any, context: grpc.ServicerContext) -> Any:
        self.asked.append(request.after)
        sent = int(request.after[1:]) if request.after else 0
        yield self._wire.PullerEvent(progress=request.after)
        while context.is_active() and not self._is_stopping:
            messages = self._wait_for_more_than(sent)
            yield from messages
            sent += len(messages)

    def _wait_for_more_than(self, sent: int) -> list[Any]:
        with self._changed:
            self._changed.wait_for(
                lambda: len(self._messages) > sent or self._is_stopping, _BEAT
            )
            return self._messages[sent:]
