"""Latencies of single events on a stream that rests between them.

usage: rests.py TARGET HTTP_PORT

Rests last from 0.95 to 1.2 s, for what polls does so in round figures. Prints
one line of JSON. Latency is from before the request to ingest until the
delivery is in the hands of the client.
"""

import asyncio
import http.client
import json
import statistics
import sys
import time

import streamer

RESTS_S = [0.95 + 0.0125 * number for number in range(20)]


def ingest(port: int, number: int) -> float:
    """Ingest an event; return when that began."""
    event = {
        "event_id": f"e{number}",
        "tenant": "t",
        "collection": "c",
        "id": "d",
        "op": "update",
        "doc": {"version": number},
    }
    begin = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request(
        "POST",
        "/v1/events",
        json.dumps(event) + "\n",
        {"content-type": "application/x-ndjson"},
    )
    answer = connection.getresponse()
    if answer.status != 202:
        raise RuntimeError(f"ingest: expected 202, got {answer.status}")
    connection.close()
    return begin


async def measure(target: str, port: int) -> list[float]:
    """Return each latency in milliseconds."""
    times = []
    async with streamer.connect(target, gateway_id="g", session=True) as client:
        await client.subscribe(id="s", tenant="t", collection="c")
        deliveries = aiter(client)
        for number, rest in enumerate([0.0, *RESTS_S]):
            await asyncio.sleep(rest)
            begin = await asyncio.to_thread(ingest, port, number)
            await anext(deliveries)
            times.append((time.monotonic() - begin) * 1e3)
    return times[1:]  # the first of all opens and compiles much


def main() -> None:
    """Measure and print."""
    times = asyncio.run(measure(sys.argv[1], int(sys.argv[2])))
    figures = {"p50_ms": statistics.median(times), "max_ms": max(times)}
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
