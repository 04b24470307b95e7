"""What the Python module costs: filters, core, recorded events, client.

usage: PYTHONPATH=build/release/python .venv/bin/python bench/python_bench.py
       [--build build/release] [--json build/bench/python.json] [--scale 1.0]

Each figure is the best of three rounds.  The client is measured with a real
streamerd and a loading process beside it, so on a small machine the wall
figure says what all three reach together; the processor time per delivery is
the client's alone, gRPC's threads included.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import http.client
import json
import multiprocessing
import platform
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import streamer

_BATCH = 256
_LOAD_BATCH = 2000
_CARRIERS = ["AA", "UA", "DL", "B6", "EV", "WN", "US", "MQ", "9E", "VX"]


def _document(number: int) -> dict[str, object]:
    return {
        "flight": f"{_CARRIERS[number % 10]}{number % 1700}",
        "carrier": _CARRIERS[number % 10],
        "origin": ["JFK", "LGA", "EWR"][number % 3],
        "dest": f"D{number % 105:03}",
        "tailnum": f"N{number % 4000:05}",
        "dep_delay": number % 181 - 20,
        "arr_delay": number % 211 - 30,
        "distance": 100 + number % 4900,
        "air_time": 30 + number % 600,
        "scheduled": "2013-06-01T12:00:00Z",
    }


def _line(number: int) -> bytes:
    return json.dumps(
        {
            "tenant": "t",
            "collection": "flights",
            "id": f"f{number}",
            "event_id": f"e{number}",
            "op": "insert",
            "doc": _document(number),
            "timestamp": 1_370_000_000_000 + number,
        }
    ).encode()


def _best(work: Callable[[], int], rounds: int = 3) -> float:
    """Return the best rate in items per second."""
    best = 0.0
    for _ in range(rounds):
        start = time.perf_counter()
        count = work()
        best = max(best, count / (time.perf_counter() - start))
    return best


def _filters(count: int) -> dict[str, float]:
    documents = [json.dumps(_document(n)).encode() for n in range(count)]
    parsed = [_document(n) for n in range(count)]
    filter_ = streamer.Filter.cel(
        "doc.dest == 'D042' && doc.dep_delay > 30 || doc.distance < 200"
    )

    def many() -> int:
        for start in range(0, count, _BATCH):
            filter_.matches_many(documents[start : start + _BATCH])
        return count

    def one_by_one() -> int:
        for document in documents:
            filter_.matches(document)
        return count

    def dicts() -> int:
        for start in range(0, count, _BATCH):
            filter_.matches_many(parsed[start : start + _BATCH])
        return count

    def two_threads() -> int:
        threads = [threading.Thread(target=many) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return 2 * count

    return {
        "matches_many, JSON, batches of 256 (documents/s)": _best(many),
        "the same on two threads (documents/s)": _best(two_threads),
        "matches_many, dicts, batches of 256 (documents/s)": _best(dicts),
        "matches, JSON (documents/s)": _best(one_by_one),
    }


def _subscribed_core() -> streamer.Core:
    core = streamer.Core()
    for number in range(1000):
        core.subscribe(
            f"s{number}",
            tenant="t",
            collection="flights",
            where=[
                ("tailnum", "==", f"N{number * 4:05}"),
                ("dep_delay", ">", 30),
            ],
        )
    return core


def _core(count: int) -> dict[str, float]:
    lines = [_line(n) for n in range(count)]
    events = list(streamer.read_ndjson(lines))

    def read() -> int:
        return sum(1 for _ in streamer.read_ndjson(lines))

    def ingest() -> int:
        core = _subscribed_core()
        for start in range(0, count, _BATCH):
            core.ingest(events[start : start + _BATCH])
        return count

    def ingest_lines() -> int:
        core = _subscribed_core()
        for start in range(0, count, _BATCH):
            core.ingest(lines[start : start + _BATCH])
        return count

    return {
        "read_ndjson (events/s)": _best(read),
        "ingest, 1,000 subscriptions, Event (events/s)": _best(ingest),
        "ingest, 1,000 subscriptions, lines (events/s)": _best(ingest_lines),
    }


def _load(port: int, count: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    bodies = [
        b"\n".join(_line(n) for n in range(start, start + _LOAD_BATCH))
        for start in range(0, count, _LOAD_BATCH)
    ]
    for body in bodies:
        connection.request("POST", "/v1/events", body)
        response = connection.getresponse()
        response.read()
        if response.status != 202:
            raise SystemExit(f"ingest answered {response.status}")


async def _consume(
    http_port: int, grpc_port: int, count: int, one_by_one: bool
) -> tuple[float, float]:
    """Return deliveries per second, and processor seconds per delivery."""
    async with streamer.connect(f"127.0.0.1:{grpc_port}") as client:
        await client.subscribe(tenant="t", collection="flights")
        loader = multiprocessing.get_context("spawn").Process(
            target=_load, args=(http_port, count)
        )
        loader.start()
        seen = 0
        await client.next_batch(limit=1)
        start, cpu = time.perf_counter(), time.process_time()
        if one_by_one:
            async for delivery in client:
                delivery.subscription_ids, delivery.event.event_id  # noqa: B018
                seen += 1
                if seen == count - 1:
                    break
        else:
            while seen < count - 1:
                batch = await client.next_batch(limit=1024)
                for delivery in batch:
                    delivery.subscription_ids, delivery.event.event_id  # noqa: B018
                seen += len(batch)
        elapsed = time.perf_counter() - start
        cpu = time.process_time() - cpu
        loader.join()
    return seen / elapsed, cpu / seen


async def _wake(http_port: int, grpc_port: int, count: int) -> list[int]:
    """Return nanoseconds from receipt by the C++ client to Python, sorted."""
    connection = http.client.HTTPConnection("127.0.0.1", http_port)

    def post(number: int) -> None:
        connection.request("POST", "/v1/events", _line(number))
        connection.getresponse().read()

    waits = []
    async with streamer.connect(f"127.0.0.1:{grpc_port}") as client:
        await client.subscribe(tenant="t", collection="flights")
        for number in range(count):
            posting = asyncio.create_task(asyncio.to_thread(post, number))
            batch = await client.next_batch()
            waits.append(time.monotonic_ns() - (batch[0].received_ns or 0))
            await posting
    return sorted(waits)


@contextlib.contextmanager
def _streamerd(build: Path) -> Iterator[tuple[int, int]]:
    """Run a streamerd; yield its HTTP and its gRPC port."""
    process = subprocess.Popen(
        [str(build / "bin/streamerd"), "--port=0", "--grpc.port=0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        words = process.stdout.readline().split()
        http_port, grpc_port = (int(w.rsplit(":", 1)[1]) for w in words[2:])
        yield http_port, grpc_port
    finally:
        process.terminate()
        process.wait()


def _client(build: Path, count: int) -> dict[str, float]:
    figures: dict[str, float] = {}
    for name, one_by_one in [("next_batch", False), ("async for", True)]:
        with _streamerd(build) as ports:
            rate, cpu = asyncio.run(_consume(*ports, count, one_by_one))
        figures[f"client, {name} (deliveries/s, all processes)"] = rate
        figures[f"client, {name} (deliveries per processor second)"] = 1 / cpu
    with _streamerd(build) as ports:
        waits = asyncio.run(_wake(*ports, 1000))
    figures["client, receipt to Python, median (us)"] = waits[500] / 1000
    figures["client, receipt to Python, p99 (us)"] = waits[990] / 1000
    return figures


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=Path, default=Path("build/release"))
    parser.add_argument(
        "--json", type=Path, default=Path("build/bench/python.json")
    )
    parser.add_argument("--scale", type=float, default=1.0)
    options = parser.parse_args()

    count = int(100_000 * options.scale)
    loaded = max(1, int(200_000 * options.scale) // _LOAD_BATCH) * _LOAD_BATCH
    figures = _filters(count) | _core(count) | _client(options.build, loaded)
    width = max(map(len, figures))
    for name, value in figures.items():
        print(f"{name:<{width}}  {value:>12,.0f}")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(
        json.dumps(
            {
                "machine": platform.processor() or platform.machine(),
                "python": platform.python_version(),
                "figures": figures,
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
