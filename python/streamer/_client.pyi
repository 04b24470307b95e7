# ruff: noqa: A002
from typing import Literal

from streamer._core import Delivery, Filter, Subscription

_Gap = tuple[
    tuple[str, ...],
    str,
    Literal["refused", "expired", "suspended", "revoked"] | None,
    str,
    str,
]

_Welcome = tuple[
    int,
    Literal["new", "nothing_missed", "complete", "lost"],
    int,
    str,
    str,
]

class Client:
    def __init__(
        self,
        target: str,
        /,
        *,
        gateway_id: str,
        session: bool,
        credential: str,
        resume: str,
        coalesce: bool,
        acknowledges_itself: bool,
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
        membership: bool,
        resume_after: str,
        ttl: int | None,
        /,
    ) -> int: ...
    def cancel(self, number: int, /) -> None: ...
    def unsubscribe(self, id: str, /) -> int: ...
    def acknowledge(self, delivery: Delivery, /) -> None: ...
    def gaps_told(self) -> None: ...
    def session_state(
        self, after: Delivery | None, has_untold_gaps: bool, /
    ) -> str: ...
    def poll(
        self,
    ) -> tuple[
        Literal[True] | Exception | None,
        list[tuple[int, Subscription | Exception | None]],
        list[_Gap],
        list[_Welcome],
    ]: ...
    def take(self, limit: int, /) -> tuple[list[_Gap], list[Delivery]]: ...
    def close(self) -> None: ...
    def await_quiet(self) -> None: ...
    @property
    def state(
        self,
    ) -> Literal["connecting", "connected", "reconnecting", "closed"]: ...
    @property
    def close_reason(self) -> Exception | None: ...
    def statistics(self) -> dict[str, int]: ...
