"""Bytes of the files of log and state are flipped while nothing runs.

Damage never looks like absence: either the service refuses to start and names
what is damaged, or nothing that a gateway is owed is missing, or the gateway
is told, which the checker of the simulation judges. `make test` flips some
bytes of each file, more with more rounds (STREAMER_CHAOS_ROUNDS); from 100 on
it is every byte of the state's files.
"""

from __future__ import annotations

import asyncio
import random
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import streamer
from history import History, last_kept
from judge import run_judge
from numbered_events import ingest, numbered_event
from rounds import ROUNDS, SEED, WHICH, patient
from session_gateway import follow, record_of, subscribe
from streamerd import Streamerd

# Of each file.
FLIPS = max(1, ROUNDS // 3)
EVENTS = 40
READ = 15


@asynccontextmanager
async def gateway(
    service: Streamerd, file: Path
) -> AsyncIterator[tuple[streamer.Client, History]]:
    """Go on with the session where the history says; write that on."""
    resume = last_kept(file)
    history = History(file, "g", session=True)
    history.write(("started", {"resume": resume}))
    async with streamer.connect(
        service.target,
        gateway_id="g",
        session=True,
        acknowledgement="manual",
        resume=resume,
    ) as client:
        follow(client, history)
        yield client, history
    history.close()


def take(client: streamer.Client, history: History, batch: list[Any]) -> None:
    """Process and acknowledge what came."""
    state = client.session_state(after=batch[-1])
    history.write(*map(record_of, batch), ("kept", state))
    client.acknowledge(batch[-1])


async def read_some(service: Streamerd, file: Path) -> None:
    """Subscribe, read and acknowledge a part."""
    async with gateway(service, file) as (client, history):
        for name in ("one", "other"):
            await subscribe(client, history, name)
        ingest(service, map(numbered_event, range(1, EVENTS + 1)))
        seen = 0
        while seen < READ:
            batch = await client.next_batch(limit=READ - seen)
            seen += len(batch)
            take(client, history, batch)


async def read_rest(service: Streamerd, file: Path) -> None:
    """Go on from there, up to an event of now."""
    async with gateway(service, file) as (client, history):
        await subscribe(client, history, "last", collection="last")
        last = numbered_event(0) | {"collection": "last", "event_id": "last"}
        ingest(service, [last])
        event_ids: list[str] = []
        while "last" not in event_ids:
            batch = await client.next_batch()
            take(client, history, batch)
            event_ids = [each.event.event_id for each in batch]


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


def what_is_wrong(folder: Path, damaged: Path, file: Path) -> str:
    """Judge what came after a flip in that file; empty when all is right."""
    judged = run_judge(
        *("--log", damaged / "log", "--lost", folder / "whole/log"),
        *("--cause", "store_lost", folder / "damaged.history"),
    )
    if judged.status != 0:
        return judged.said
    # The newest write of the log reads like one that a power cut has torn.
    # Nothing else may be missing there unless the gateway was told.
    may_be_torn = file.parent.name == "log" and file.suffix == ".log"
    is_whole = f" {EVENTS + 1} events," in judged.said
    if may_be_torn or is_whole or " 0 notices," not in judged.said:
        return ""
    return f"lost in silence: {judged.said}"


@patient
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
        asyncio.run(read_some(service, tmp_path / "whole.history"))
        getattr(service, ends_by)()
        damaged.unlink()
        for file, offset in places(whole):
            shutil.copytree(whole, damaged)
            flip(damaged / file, offset)
            if start_outcome(service, damaged) is not None:
                refused += 1
            else:
                history = tmp_path / "damaged.history"
                shutil.copy(tmp_path / "whole.history", history)
                asyncio.run(read_rest(service, history))
                service.kill()
                if problem := what_is_wrong(tmp_path, damaged, file):
                    problems.append(f"{file} byte {offset}: {problem}")
            shutil.rmtree(damaged)
    finally:
        service.kill()
    assert not problems, f"{WHICH}: {problems}"
    assert refused > 0
