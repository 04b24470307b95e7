"""A plain gateway: the wire table alone, and grpcio.

Nothing here comes from Streamer's own proto files or its client: this is what
somebody writes who has only read the table of the wire.
"""

from __future__ import annotations

import contextlib
import queue
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc
from google.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    message_factory,
    unknown_fields,
)
from streamerd import PATIENCE

METHOD = "/syntrix.streamer.v1.StreamerService/Stream"

# The table of the wire, its names chosen anew where the wire allows it.
TABLE = """
syntax = "proto3";
package syntrix.streamer.v1;

message GatewayMessage {
  oneof payload {
    SubscribeRequest subscribe = 1;
    UnsubscribeRequest unsubscribe = 2;
    Heartbeat heartbeat = 3;
  }
}
message StreamerMessage {
  oneof payload {
    EventDelivery delivery = 1;
    HeartbeatAck heartbeat_ack = 2;
    SubscribeResponse subscribe_response = 3;
  }
}
message SubscribeRequest {
  string subscription_id = 1;
  string collection = 2;
  repeated Filter filters = 3;
  string database = 4;
}
message Filter { string field = 1; string op = 2; Value value = 3; }
message Value {
  oneof kind {
    string string_value = 1;
    int64 int_value = 2;
    double double_value = 3;
    bool bool_value = 4;
    ListValue list_value = 5;
  }
}
message ListValue { repeated Value values = 1; }
message UnsubscribeRequest { string subscription_id = 1; }
message Heartbeat { string gateway_id = 1; int64 timestamp = 2; }
message HeartbeatAck { int64 timestamp = 1; }
message SubscribeResponse {
  string subscription_id = 1;
  bool success = 2;
  string error = 3;
}
message EventDelivery {
  repeated string subscription_ids = 1;
  StreamerEvent event = 2;
}
message StreamerEvent {
  string event_id = 1;
  string tenant = 2;
  string collection = 3;
  string document_id = 4;
  OperationType operation = 5;
  bytes document_data = 6;
  int64 timestamp = 7;
}
enum OperationType {
  UNSPECIFIED = 0;
  INSERT = 1;
  UPDATE = 2;
  DELETE = 4;
}
"""

INSERT, UPDATE, DELETE = 1, 2, 4


def compile_wire(folder: Path, text: str = TABLE) -> SimpleNamespace:
    """Compile a table; return its message classes by name."""
    source = folder / "wire.proto"
    compiled = folder / "wire.pb"
    source.write_text(text)
    # In a process of its own: the compiler brings a protobuf that shares
    # symbols with the one under streamer's client, which then fails to load.
    subprocess.run(
        [
            sys.executable,
            "-m",
            "grpc_tools.protoc",
            f"-I{folder}",
            f"--descriptor_set_out={compiled}",
            str(source),
        ],
        check=True,
    )
    files = descriptor_pb2.FileDescriptorSet.FromString(compiled.read_bytes())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    package = files.file[0].package
    names = [message.name for message in files.file[0].message_type]
    return SimpleNamespace(
        **{
            name: message_factory.GetMessageClass(
                pool.FindMessageTypeByName(f"{package}.{name}")
            )
            for name in names
        }
    )


def value_of(constant: Any) -> dict[str, Any]:
    """Return a constant as the fields of a Value."""
    if isinstance(constant, list):
        values = [value_of(item) for item in constant]
        return {"list_value": {"values": values}}
    kinds = {bool: "bool_value", int: "int_value", float: "double_value"}
    return {kinds.get(type(constant), "string_value"): constant}


def condition(field: str, op: str, constant: Any) -> dict[str, Any]:
    """Return the fields of a Filter."""
    return {"field": field, "op": op, "value": value_of(constant)}


def unknown_numbers(message: Any) -> dict[str, set[int]]:
    """Return the field numbers that the table lacks, by message."""
    found: dict[str, set[int]] = {}
    numbers = {
        field.field_number for field in unknown_fields.UnknownFieldSet(message)
    }
    if numbers:
        found[message.DESCRIPTOR.name] = numbers
    for field, part in message.ListFields():
        if field.message_type is None:
            continue
        for one in [part] if hasattr(part, "ListFields") else part:
            for name, more in unknown_numbers(one).items():
                found.setdefault(name, set()).update(more)
    return found


def _serialize(message: Any) -> bytes:
    return (
        message if isinstance(message, bytes) else message.SerializeToString()
    )


class PlainGateway:
    """One stream of one gateway. What it receives is read by `receive`."""

    def __init__(
        self,
        wire: SimpleNamespace,
        target: str,
        metadata: Sequence[tuple[str, str]] = (),
        options: Sequence[tuple[str, int]] = (),
        timeout: float | None = PATIENCE,
    ) -> None:
        self._wire = wire
        # Its own connection: gateways are processes of their own.
        self._channel = grpc.insecure_channel(
            target, options=[("grpc.use_local_subchannel_pool", 1), *options]
        )
        self._requests: queue.SimpleQueue[Any] = queue.SimpleQueue()
        stream = self._channel.stream_stream(
            METHOD,
            request_serializer=_serialize,
            response_deserializer=wire.StreamerMessage.FromString,
        )
        self.call = stream(
            iter(self._requests.get, None), timeout=timeout, metadata=metadata
        )

    def __enter__(self) -> PlainGateway:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Break the stream."""
        self.half_close()
        self.call.cancel()
        self._channel.close()

    def half_close(self) -> None:
        """Send no more."""
        self._requests.put(None)

    def send_bytes(self, message: bytes) -> None:
        """Send a message that is encoded already."""
        self._requests.put(message)

    def send(self, **payload: Any) -> None:
        """Send one GatewayMessage."""
        self._requests.put(self._wire.GatewayMessage(**payload))

    def receive(self) -> Any:
        """Wait for the next StreamerMessage."""
        return next(self.call)

    def subscribe(
        self,
        subscription_id: str = "s1",
        *filters: dict[str, Any],
        tenant: str = "t",
        collection: str = "c",
    ) -> Any:
        """Subscribe; wait for the answer."""
        self.send(
            subscribe={
                "subscription_id": subscription_id,
                "database": tenant,
                "collection": collection,
                "filters": list(filters),
            }
        )
        message = self.receive()
        assert message.WhichOneof("payload") == "subscribe_response", message
        return message.subscribe_response

    def subscribe_successfully(self, *arguments: Any, **options: Any) -> None:
        """Subscribe; the answer must be yes."""
        answer = self.subscribe(*arguments, **options)
        assert answer.success, answer.error

    def delivery(self) -> Any:
        """Wait for the next message, which must be a delivery."""
        message = self.receive()
        assert message.WhichOneof("payload") == "delivery", message
        return message.delivery

    def event_ids(self, count: int) -> list[str]:
        """Wait for deliveries; return the ids of their events."""
        return [self.delivery().event.event_id for _ in range(count)]

    def read_to_end(self) -> tuple[list[Any], grpc.StatusCode, str]:
        """Read until the stream ends: what came, and how it ended."""
        messages = []
        with contextlib.suppress(grpc.RpcError):
            messages.extend(self.call)
        return messages, self.call.code(), self.call.details()
