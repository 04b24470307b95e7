"""Bytes of the files of log and state are flipped while nothing runs.

Damage never looks like absence: either the service refuses to start and names
what is damaged, or nothing that a gateway is owed is missing, or the gateway
is told. `make test` flips some bytes of each file, more with more rounds
(STREAMER_CHAOS_ROUNDS); from 100 on it is every byte of the state's files.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamer
from numbered_events import numbered_event
from streamerd import Streamerd

ROUNDS = int(os.environ.get("STREAMER_CHAOS_ROUNDS", "10"))
SEED = int(os.environ.get("STREAMER_CHAOS_SEED", "1"))
# Of each file.
FLIPS = max(1, ROUNDS // 3)
EVENTS = 40
READ = 15


def gateway(service: Streamerd, resume: str = "") -> streamer.Client:
    """Return a client with a session."""
    return streamer.connect(
        service.target,
        gateway_id="g",
        session=True,
        acknowledgement="manual",
        resume=resume,
    )


async def read_some(service: Streamerd) -> str:
    """Subscribe, read and acknowledge a part; return where that ended."""
    async with gateway(service) as client:
        for name in ("one", "other"):
            await client.subscribe(id=name, tenant="t", collection="c")
        service.ingest(map(numbered_event, range(1, EVENTS + 1)))
        seen = 0
        while True:
            batch = await client.next_batch(limit=READ - seen)
            seen += len(batch)
            if seen == READ:
                client.acknowledge(batch[-1])
                return client.session_state(after=batch[-1])


async def read_rest(service: Streamerd, state: str) -> list[str] | None:
    """Go on from there; return what came, or nothing when told of a loss."""
    gaps = []
    got: list[str] = []
    async with gateway(service, state) as client:
        client.on_gap(gaps.append)
        await client.subscribe(id="last", tenant="t", collection="last")
        last = numbered_event(0) | {"collection": "last", "event_id": "last"}
        service.ingest([last])
        async for delivery in client:
            if delivery.event.event_id == "last":
                return None if gaps else got
            assert set(delivery.subscription_ids) == {"one", "other"}
            got.append(delivery.event.event_id)
    return None


def places(folder: Path) -> Iterator[tuple[Path, int]]:
    """Choose which bytes to flip."""
    dice = random.Random(SEED)
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        if file.name.startswith("OPTIONS"):
            continue  # RocksDB writes them for people
        size = file.stat().st_size
        is_whole = ROUNDS >= 100 and file.parent.name == "log.state"
        count = size if is_whole else min(size, FLIPS)
        for offset in sorted(dice.sample(range(size), count)):
            yield file.relative_to(folder), offset


def flip(file: Path, offset: int) -> None:
    """Flip a byte."""
    data = bytearray(file.read_bytes())
    data[offset] ^= 0xFF
    file.write_bytes(data)


def start_outcome(service: Streamerd, folder: Path) -> str | None:
    """Start it; return why it refused, if it did, naming what is damaged."""
    before = len(service.log.splitlines())
    try:
        service.start()
    except AssertionError:
        service.kill()
        reason = service.log.splitlines()[before:][-1]
        # RocksDB, built with its assertions, does not read some bytes of the
        # end of a table before it trusts them.
        assert str(folder) in reason or "rocksdb::" in reason
        return reason
    return None


def judge(service: Streamerd, state: str, file: Path) -> str | None:
    """Return what is wrong with what came after a flip in that file."""
    owed = [f"e{number}" for number in range(READ + 1, EVENTS + 1)]
    got = asyncio.run(read_rest(service, state))
    if got is None or got == owed:
        return None
    # The newest write of the log reads like one that a power cut has torn.
    if file.parent.name == "log" and file.suffix == ".log":
        return None if got == owed[: len(got)] else f"a hole: {got}"
    return f"in silence: {got}"


@pytest.mark.parametrize("ends_by", ["kill", "stop"])
def test_damage_is_never_taken_for_absence(tmp_path, ends_by):
    whole, damaged = tmp_path / "whole", tmp_path / "damaged"
    whole.mkdir()
    # The service runs on one path, whatever is there.
    damaged.symlink_to(whole)
    service = Streamerd(
        tmp_path / "streamerd.log",
        f"--log.path={damaged}/log",
        "--logging.level=info",
    )
    problems = []
    refused = 0
    try:
        service.start()
        state = asyncio.run(read_some(service))
        getattr(service, ends_by)()
        damaged.unlink()
        for file, offset in places(whole):
            shutil.copytree(whole, damaged)
            flip(damaged / file, offset)
            if start_outcome(service, damaged) is not None:
                refused += 1
            elif (problem := judge(service, state, file)) is not None:
                problems.append(f"{file} byte {offset}: {problem}")
            service.kill()
            shutil.rmtree(damaged)
    finally:
        service.kill()
    assert not problems, f"rounds {ROUNDS}, seed {SEED}: {problems}"
    assert refused > 0
