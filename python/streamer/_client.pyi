# ruff: noqa: A002
from typing import Literal

from streamer._core import Delivery, Filter, Subscription

class Client:
    def __init__(
        self,
        target: str,
        /,
        *,
        gateway_id: str,
        connect_timeout: float,
        heartbeat_interval: float,
        heartbeat_timeout: float,
        backoff_minimum: float,
        backoff_maximum: float,
        queue_deliveries: int,
        queue_bytes: int,
        max_message_bytes: int,
    ) -> None: ...
    def fileno(self) -> int: ...
    def subscribe(
        self,
        id: str,
        tenant: str,
        collection: str,
        filter: Filter | None,
        expression: str,
        /,
    ) -> int: ...
    def cancel(self, number: int, /) -> None: ...
    def unsubscribe(self, id: str, /) -> None: ...
    def poll(
        self,
    ) -> tuple[
        Literal[True] | Exception | None,
        list[tuple[int, Subscription | Exception]],
        list[tuple[tuple[str, ...], str]],
    ]: ...
    def take(
        self, limit: int, /
    ) -> tuple[list[tuple[tuple[str, ...], str]], list[Delivery]]: ...
    def close(self) -> None: ...
    def await_quiet(self) -> None: ...
    @property
    def state(
        self,
    ) -> Literal["connecting", "connected", "reconnecting", "closed"]: ...
    @property
    def close_reason(self) -> Exception | None: ...
    def statistics(self) -> dict[str, int]: ...
