"""A gateway that keeps a session and may be killed at any moment.

usage: session_gateway.py TARGET JOURNAL GATEWAY SUBSCRIPTION=EXPRESSION ...

Into its journal it writes what it receives, a JSON line each, and then where
it is, in one stroke; only then it acknowledges. The next process of that name
forgets what stands behind the last such line and goes on from there.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import streamer


def take_up(journal: Path) -> str:
    """Cut the journal after its last state; return that, "" for none."""
    lines = journal.read_text().splitlines() if journal.exists() else []
    while lines and not lines[-1].startswith('{"state"'):
        lines.pop()
    journal.write_text("".join(f"{line}\n" for line in lines))
    return json.loads(lines[-1])["state"] if lines else ""


async def subscribe(
    client: streamer.Client, name: str, expression: str
) -> None:
    """Subscribe as soon as the service can keep that."""
    while True:
        try:
            await client.subscribe(
                id=name,
                tenant="t",
                collection="c",
                expression=expression,
                ttl=3600,
            )
        except streamer.Unavailable:
            await asyncio.sleep(0.05)
        else:
            return


async def main() -> None:
    """Receive for ever."""
    target, path, gateway_id, *wanted = sys.argv[1:]
    journal = Path(path)
    resume = take_up(journal)
    with journal.open("a") as file:

        def write(*entries: object) -> None:
            file.write("".join(f"{json.dumps(entry)}\n" for entry in entries))
            file.flush()

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
            client.on_gap(lambda gap: write({"gap": gap.reason}))
            for one in wanted:
                name, expression = one.split("=", 1)
                await subscribe(client, name, expression)
            if not resume:
                write({"state": client.session_state()})
            print("subscribed", flush=True)
            while True:
                batch = await client.next_batch(limit=256)
                entries = [
                    {
                        "event": delivery.event.event_id,
                        "ids": list(delivery.subscription_ids),
                        "redelivered": delivery.is_redelivered,
                    }
                    for delivery in batch
                ]
                state = client.session_state(after=batch[-1])
                write(*entries, {"state": state})
                client.acknowledge(batch[-1])


if __name__ == "__main__":
    asyncio.run(main())
