"""Barriers: how the load generator knows what has been delivered.

Each batch of events ends with one event in a collection of its own to which
every gateway subscribes.  A gateway receives events in the order of the log,
so a barrier that has arrived proves that everything before it has arrived too.
The generator keeps a bounded number of barriers outstanding: the outbox of a
gateway cannot overflow, however slow the gateway is, and no event is lost.
"""

from __future__ import annotations

from main_job.events import TENANT

COLLECTION = "barriers"
SUBSCRIPTION_ID = "barriers"
_PREFIX = "barrier-"


def encode_barrier(number: int) -> bytes:
    """Return the event that closes batch ``number``, as a line of NDJSON."""
    return (
        f'{{"event_id":"{_PREFIX}{number}","tenant":"{TENANT}",'
        f'"collection":"{COLLECTION}","id":"{number}","op":"insert",'
        f'"doc":{{}}}}\n'
    ).encode()


def barrier_number(event_id: str) -> int:
    """Return the number of the barrier with this event id."""
    return int(event_id.removeprefix(_PREFIX))
