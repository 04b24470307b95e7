"""What a test does to keys in etcd behind a service's back."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import grpc
from streamerd import PATIENCE


class EtcdKeys:
    """The keys of one prefix, such as who makes backups sees them."""

    def __init__(
        self, wire: SimpleNamespace, endpoint: str, prefix: str
    ) -> None:
        self._wire = wire
        self._channel = grpc.insecure_channel(endpoint)
        # Up to the first key that is none of the prefix's: '0' follows '/'.
        self._range = {
            "key": f"{prefix}/".encode(),
            "range_end": f"{prefix}0".encode(),
        }

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()

    def read(self) -> dict[bytes, bytes]:
        """Return key and value of each."""
        found = self._call("Range", **self._range)
        return {one.key: one.value for one in found.kvs}

    def remove(self) -> None:
        """Remove all of them."""
        self._call("DeleteRange", **self._range)

    def replace(self, keys: Mapping[bytes, bytes]) -> None:
        """Let there be these and no others, as who puts a backup back."""
        self.remove()
        for key, value in keys.items():
            self._call("Put", key=key, value=value)

    def _call(self, name: str, **request: bytes) -> Any:
        call = self._channel.unary_unary(
            f"/etcdserverpb.KV/{name}",
            lambda message: message.SerializeToString(),
            getattr(self._wire, f"{name}Response").FromString,
        )
        message = getattr(self._wire, f"{name}Request")(**request)
        return call(message, timeout=PATIENCE)
