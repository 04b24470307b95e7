"""One gateway: a process of its own that subscribes and records.

    python -m main_job.gateway PLAN

It speaks to its parent in lines on standard output: ``subscribed N`` when all
subscriptions are acknowledged, ``barrier N DELIVERIES`` as barriers arrive,
``gap REASON`` when continuity was lost, ``recorded N`` when the deliveries are
on disk.  It ends by itself when its standard input closes, so it cannot
outlive its parent.
"""

from __future__ import annotations

import asyncio
import functools
import operator
import os
import sys
import zlib
from pathlib import Path

import streamer

from main_job import barriers
from main_job.events import COLLECTION, OPERATIONS, TENANT
from main_job.plan import Plan, PlannedSubscription
from main_job.recording import UNKNOWN, Recorder

_OPERATION_NUMBERS = {name: i for i, name in enumerate(OPERATIONS)}
_BATCH = 1024


def _filter(planned: PlannedSubscription) -> streamer.Filter:
    """Return the conditions and the expression, all ANDed."""
    parts = [streamer.Filter.where(*c) for c in planned.conditions]
    if planned.expression:
        parts.append(streamer.Filter.cel(planned.expression))
    return functools.reduce(operator.and_, parts)


def _tell(line: str) -> None:
    os.write(sys.stdout.fileno(), f"{line}\n".encode())


async def _subscribe(client: streamer.Client, plan: Plan) -> None:
    await client.subscribe(
        id=barriers.SUBSCRIPTION_ID,
        tenant=TENANT,
        collection=barriers.COLLECTION,
    )
    await asyncio.gather(
        *(
            client.subscribe(
                id=planned.id,
                tenant=TENANT,
                collection=COLLECTION,
                filter=_filter(planned),
            )
            for planned in plan.subscriptions
        )
    )
    _tell(f"subscribed {len(plan.subscriptions)}")


async def _record(client: streamer.Client, plan: Plan) -> Recorder:
    """Record every delivery up to the last barrier."""
    recorder = Recorder([planned.id for planned in plan.subscriptions])
    add = recorder.add
    while True:
        for delivery in await client.next_batch(limit=_BATCH):
            event = delivery.event
            if event.collection != COLLECTION:
                number = barriers.barrier_number(event.event_id)
                _tell(f"barrier {number} {len(recorder)}")
                if number == plan.last_barrier:
                    return recorder
                continue
            add(
                _event_index(event.event_id),
                _OPERATION_NUMBERS[event.operation],
                zlib.crc32(event.document_json or event.id.encode()),
                delivery.received_ns or 0,
                delivery.subscription_ids,
            )


def _event_index(event_id: str) -> int:
    return int(event_id) if event_id.isdecimal() else UNKNOWN


async def _run(plan: Plan) -> None:
    async with streamer.connect(
        plan.address, gateway_id=f"main-job-{plan.name}"
    ) as client:
        client.on_gap(lambda gap: _tell(f"gap {gap}"))
        await _subscribe(client, plan)
        recorder = await _record(client, plan)
    recorder.finish().save(Path(plan.recording))
    _tell(f"recorded {len(recorder)}")


async def _run_until_abandoned(plan: Plan) -> None:
    """Run, but stop when the parent closes standard input."""
    work = asyncio.ensure_future(_run(plan))
    loop = asyncio.get_running_loop()
    loop.add_reader(sys.stdin.fileno(), work.cancel)
    try:
        await work
    except asyncio.CancelledError:
        sys.exit(f"gateway {plan.name}: ended by its parent")


if __name__ == "__main__":
    asyncio.run(_run_until_abandoned(Plan.load(Path(sys.argv[1]))))
