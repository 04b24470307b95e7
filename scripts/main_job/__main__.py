"""Start the service, send a year of flights through it, check every delivery.

    make run                                   everything, then stays up
    make run ARGS=--once                       everything, then exits
    make run ARGS="--once --events 50000"      a quick look

Exits 0 when every subscription received what it should, 1 when one did not or
a process failed, 2 for arguments it does not know.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from http.client import HTTPException
from pathlib import Path

_SCRIPTS = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(_SCRIPTS))  # this package, by its name

from rich.console import Console  # noqa: E402

from main_job import load, report  # noqa: E402
from main_job.comparison import compare_gateway, latencies_ms  # noqa: E402
from main_job.events import (  # noqa: E402
    COLLECTION,
    TENANT,
    EventStream,
    build_event_stream,
)
from main_job.flights import read_flights  # noqa: E402
from main_job.plan import Plan, PlannedSubscription  # noqa: E402
from main_job.processes import (  # noqa: E402
    GatewayProcess,
    ProcessFailed,
    Service,
)
from main_job.subscriptions import (  # noqa: E402
    GATEWAYS,
    Subscription,
    build_subscriptions,
)

_ROOT = _SCRIPTS.parent
# What ends a run with one line and code 1; anything else is a defect of ours.
_FAILURES = (ProcessFailed, load.IngestRefused, HTTPException, OSError)
_HTTP_PORT, _GRPC_PORT = 8083, 8084  # where the service listens by default


def main(words: Sequence[str] | None = None) -> int:
    """Run the main job and return its exit code."""
    arguments = _parse(words)
    _raise_on_signals()
    console = _console()
    try:
        return _run(arguments, console)
    except KeyboardInterrupt:
        console.print("interrupted")
        return 130
    except _FAILURES as failure:
        console.print(
            f"failed: {failure}", markup=False, highlight=False, soft_wrap=True
        )
        return 1


def _raise_on_signals() -> None:
    """Let SIGINT and SIGTERM end the run from wherever it is.

    SIGINT too is set: it may have come ignored from a shell, and polars, when
    imported, puts a handler of its own that keeps the signal to itself.
    """

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def _console() -> Console:
    """Return a console that draws on terminals only, whatever is forced.

    A notebook's kernel asks for colour and pretends; lines are right there.
    """
    is_terminal = sys.stdout.isatty()
    return Console(
        width=None if is_terminal else 100,
        force_terminal=is_terminal,
        force_jupyter=False,
    )


def _parse(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="main_job", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument(
        "--once", action="store_true", help="exit after the table"
    )
    parser.add_argument(
        "--events",
        type=_positive,
        metavar="N",
        help="send only the first N events",
    )
    parser.add_argument(
        "--write",
        type=Path,
        metavar="FILE",
        help="write the events to FILE as NDJSON, send nothing, exit",
    )
    parser.add_argument(
        "--build",
        type=Path,
        default=_ROOT / "build" / "release",
        metavar="FOLDER",
        help="build folder to run from (default: build/release)",
    )
    parser.add_argument(
        "--work",
        type=Path,
        default=_ROOT / "build" / "main_job",
        metavar="FOLDER",
        help="folder for logs and recordings (default: build/main_job)",
    )
    parser.add_argument(
        "--batch",
        type=_positive,
        default=load.Pace.batch,
        metavar="N",
        help="events per request (default: %(default)s)",
    )
    parser.add_argument(
        "--window",
        type=_positive,
        default=load.Pace.window,
        metavar="N",
        help="requests under way at once (default: %(default)s)",
    )
    return parser.parse_args(words)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected at least 1, got {number}")
    return number


def _run(arguments: argparse.Namespace, console: Console) -> int:
    with console.status("reading flights and encoding their events"):
        stream = build_event_stream(read_flights(), arguments.events)
    if arguments.write:
        arguments.write.parent.mkdir(parents=True, exist_ok=True)
        arguments.write.write_bytes(stream.lines)
        return 0
    subscriptions = build_subscriptions(stream)
    console.print(
        f"{len(stream):,} events, {len(subscriptions):,} subscriptions"
    )
    arguments.work.mkdir(parents=True, exist_ok=True)
    with _service(arguments) as service:
        figures = _measure(console, service, stream, subscriptions, arguments)
        report.print_figures(console, figures)
        if not arguments.once and not figures.mismatches:
            _stay_up(console, service)
    if service.exit_code != 0:
        raise ProcessFailed(
            f"streamerd: expected to end with code 0, got {service.exit_code}"
        )
    return 1 if figures.mismatches else 0


def _service(arguments: argparse.Namespace) -> Service:
    """Start the service; on its usual ports if people are to find it."""
    http_port = 0 if arguments.once else _port_if_free(_HTTP_PORT)
    grpc_port = 0 if arguments.once else _port_if_free(_GRPC_PORT)
    return Service(
        arguments.build / "bin" / "streamerd",
        arguments.work,
        http_port=http_port,
        grpc_port=grpc_port,
    )


def _port_if_free(port: int) -> int:
    """Return ``port``, or 0 (any) when somebody listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return 0
    return port


def _measure(
    console: Console,
    service: Service,
    stream: EventStream,
    subscriptions: Sequence[Subscription],
    arguments: argparse.Namespace,
) -> report.Figures:
    """Subscribe, send everything, take what was received and compare."""
    pace = load.Pace(arguments.batch, arguments.window)
    groups = by_gateway(subscriptions)
    planned = plans(service, groups, len(stream), pace, arguments.work)
    with gateways(planned, arguments.build, arguments.work) as running:
        for gateway in running:
            gateway.wait_until_subscribed()
        with report.LiveView(console, len(stream)) as view:
            result = _send(service, stream, running, pace, view)
        memory = {
            process.name: process.peak_memory_bytes()
            for process in (service, *running)
        }
        recordings = [gateway.take_recording() for gateway in running]
    with console.status("evaluating the same filters with polars"):
        outcomes = [
            compare_gateway(stream, group, recording)
            for group, recording in zip(groups, recordings, strict=True)
        ]
    return report.Figures(
        events=len(stream),
        elapsed_s=result.elapsed_s,
        deliveries=sum(len(recording) for recording in recordings),
        matched=sum(len(recording.matched) for recording in recordings),
        latencies_ms=latencies_ms(recordings, result.sent_ns, result.batch),
        memory_bytes=memory,
        outcomes=outcomes,
    )


def by_gateway(
    subscriptions: Sequence[Subscription],
) -> list[list[Subscription]]:
    """Return the subscriptions of each gateway."""
    return [
        [s for s in subscriptions if s.gateway == gateway]
        for gateway in range(len(GATEWAYS))
    ]


def plans(
    service: Service,
    groups: Sequence[Sequence[Subscription]],
    events: int,
    pace: load.Pace,
    work: Path,
) -> list[Plan]:
    """Return what each gateway is to do when ``events`` events are sent."""
    return [
        Plan(
            name=name,
            address=f"127.0.0.1:{service.grpc_port}",
            subscriptions=[
                PlannedSubscription(s.id, s.conditions, s.expression)
                for s in group
            ],
            last_barrier=load.batch_count(events, pace) - 1,
            recording=str(work / f"gateway-{name}.npz"),
        )
        for name, group in zip(GATEWAYS, groups, strict=True)
    ]


@contextlib.contextmanager
def gateways(
    planned: Sequence[Plan], build: Path, work: Path
) -> Iterator[list[GatewayProcess]]:
    """Run one gateway process per plan; end them on leaving."""
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(GatewayProcess(plan, build / "python", work))
            for plan in planned
        ]


def _send(
    service: Service,
    stream: EventStream,
    running: Sequence[GatewayProcess],
    pace: load.Pace,
    view: report.LiveView,
) -> load.LoadResult:
    connection = load.IngestConnection(service.http_port)
    with contextlib.closing(connection):
        return load.send_events(stream, connection, running, pace, view.show)


def _stay_up(console: Console, service: Service) -> None:
    """Say what to try, and wait for Ctrl-C."""
    with contextlib.suppress(KeyboardInterrupt):
        console.print(
            _things_to_try(service),
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
        service.wait(None)
        raise ProcessFailed("streamerd: ended while it should stay up")
    console.print("closing")


def _things_to_try(service: Service) -> str:
    python = os.path.relpath(sys.executable)
    return f"""
Streamer stays up until Ctrl-C. Three things to try, in another terminal:

1. subscribe from Python, and leave it running
{python} - <<'END'
import asyncio, streamer
async def main():
    async with streamer.connect("127.0.0.1:{service.grpc_port}") as client:
        await client.subscribe(tenant="{TENANT}", collection="{COLLECTION}",
                               expression="doc.dep_delay > 30")
        async for delivery in client:
            print(delivery.event.operation, delivery.event.document)
asyncio.run(main())
END

2. ingest an event that it wants
curl -i http://127.0.0.1:{service.http_port}/v1/events \
-H 'Content-Type: application/x-ndjson' -d '{{"tenant":"{TENANT}",\
"collection":"{COLLECTION}","id":"mine","op":"insert",\
"doc":{{"dest":"SFO","dep_delay":45}}}}'

3. look at the metrics
curl -s http://127.0.0.1:{service.http_port}/metrics | grep ^streamer_
"""


if __name__ == "__main__":
    sys.exit(main())
