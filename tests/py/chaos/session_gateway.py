"""A gateway that keeps a session and may be killed at any moment.

usage: session_gateway.py TARGET HISTORY GATEWAY SUBSCRIPTION=EXPRESSION ...

Into its history it writes what it receives, and then where it is, in one
stroke; only then it acknowledges. The next process of that name goes on from
the last such place: what was written behind it is not processed.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import streamer
from history import History, Record, answered, compact, delivered, last_kept


async def subscribe(
    client: streamer.Client,
    history: History,
    name: str,
    expression: str = "true",
    collection: str = "c",
) -> None:
    """Subscribe as soon as the service can keep that."""
    wanted = {
        "tenant": "t",
        "collection": collection,
        "expression": expression,
    }
    history.write(("asked", {"id": name, "resume_after": ""}))
    while True:
        try:
            subscription = await client.subscribe(id=name, ttl=3600, **wanted)
        except streamer.Unavailable:
            await asyncio.sleep(0.05)
        else:
            break
    history.write(
        answered(id=name, **{"from": subscription.progress}, **wanted)
    )


def record_of(delivery: streamer.Delivery) -> Record:
    """Return a delivery as it is written down."""
    event = delivery.event
    return delivered(
        session=delivery.session,
        sequence=delivery.sequence,
        progress=delivery.progress,
        ids=list(delivery.subscription_ids),
        memberships=[each or "" for each in delivery.memberships],
        event=event.event_id,
        tenant=event.tenant,
        collection=event.collection,
        document_id=event.id,
        operation=event.operation,
        document="" if event.document is None else compact(event.document),
        redelivered=delivery.is_redelivered,
        catching_up=delivery.is_catching_up,
        coalesced=delivery.coalesced,
        received=delivery.received_ns,
    )


def follow(client: streamer.Client, history: History) -> None:
    """Write down what the client tells beside deliveries."""

    @client.on_welcome
    def _(welcome: streamer.Welcome) -> None:
        told = {
            "session": welcome.session,
            "continuity": welcome.continuity,
            "next_sequence": welcome.next_sequence,
            "from": welcome.from_progress,
            "to": welcome.to_progress,
        }
        history.write(("welcomed", told))

    @client.on_gap
    def _(gap: streamer.Gap) -> None:
        told = {
            "ids": list(gap.subscription_ids),
            "reason": gap.reason,
            "ended": gap.ended or "",
            "from": gap.from_progress,
            "to": gap.to_progress,
        }
        history.write(("noticed", told))


async def main() -> None:
    """Receive for ever."""
    target, path, gateway_id, *wanted = sys.argv[1:]
    resume = last_kept(Path(path))
    history = History(Path(path), gateway_id, session=True)
    history.write(("started", {"resume": resume}))
    async with streamer.connect(
        target,
        gateway_id=gateway_id,
        session=True,
        acknowledgement="manual",
        resume=resume,
        connect_timeout=60.0,
        heartbeat_interval=0.5,
        heartbeat_timeout=5.0,
        backoff_minimum=0.02,
        backoff_maximum=0.2,
    ) as client:
        follow(client, history)
        for one in wanted:
            name, expression = one.split("=", 1)
            await subscribe(client, history, name, expression)
        if not resume:
            history.write(("kept", client.session_state()))
        print("subscribed", flush=True)
        while True:
            batch = await client.next_batch(limit=256)
            state = client.session_state(after=batch[-1])
            history.write(*map(record_of, batch), ("kept", state))
            client.acknowledge(batch[-1])


if __name__ == "__main__":
    asyncio.run(main())
