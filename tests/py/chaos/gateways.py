"""Gateways that write down what they get, and what is wrong with that."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc
from numbered_events import Writer
from plain_wire import PlainGateway, condition
from streamerd import clean_environment, wait_until

FOLDER = Path(__file__).parent


class SessionGateway:
    """A process that keeps a session; see session_gateway.py."""

    def __init__(
        self, target: str, folder: Path, name: str, divisors: dict[str, int]
    ) -> None:
        self._target = target
        self._name = name
        self.journal = folder / f"{name}.journal"
        self.divisors = divisors
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it; `wait_subscribed` waits until it has its subscriptions."""
        self._process = subprocess.Popen(
            [
                sys.executable,
                str(FOLDER / "session_gateway.py"),
                self._target,
                str(self.journal),
                self._name,
                *(
                    f"{name}=doc.number % {divisor} == 0"
                    for name, divisor in self.divisors.items()
                ),
            ],
            env=clean_environment(),
            stdout=subprocess.PIPE,
            text=True,
        )

    def wait_subscribed(self) -> None:
        """Wait until it has its subscriptions."""
        assert self._process is not None
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "subscribed\n"

    def signal(self, number: signal.Signals) -> None:
        """Stop it or let it go on."""
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """Kill it."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process = None

    def entries(self) -> list[dict[str, object]]:
        """Return what it wrote down, but for a line that is not whole."""
        lines = self.journal.read_text().splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def has_seen(self, event_id: str) -> bool:
        """Whether it was delivered that event; it must be alive."""
        assert self._process is not None
        assert self._process.poll() is None, f"{self._name} has ended"
        with self.journal.open("rb") as file:
            file.seek(max(0, self.journal.stat().st_size - 200_000))
            return f'"{event_id}"'.encode() in file.read()

    def problems(self, last: int) -> list[str]:
        """Return what is wrong with what it got of events 1 to `last`."""
        found = []
        got: dict[str, list[int]] = {name: [] for name in self.divisors}
        for entry in self.entries():
            if "gap" in entry:
                found.append(f"{self._name}: a gap: {entry['gap']}")
            for name in entry.get("ids", []):
                number = int(str(entry["event"])[1:])
                if number in got[name]:
                    if not entry["redelivered"]:
                        found.append(f"{self._name} {name}: {number} twice")
                    continue
                got[name].append(number)
        for name, divisor in self.divisors.items():
            wanted = list(range(divisor, last + 1, divisor))
            if got[name] == wanted:
                continue
            missing = sorted(set(wanted) - set(got[name]))
            more = sorted(set(got[name]) - set(wanted))
            found.append(
                f"{self._name} {name}: {len(missing)} missing {missing[:5]}, "
                f"{len(more)} invented {more[:5]}, "
                f"{'in' if got[name] == sorted(got[name]) else 'out of'} order"
            )
        return found


@dataclass
class PlainStream:
    """What came on one stream of a plain gateway."""

    # The newest event that may have been in the log before the answer.
    begun: dict[str, int] = field(default_factory=dict)
    numbers: dict[str, list[int]] = field(default_factory=dict)


# How many numbers apart the events of an old gateway's subscriptions are.
STEPS = {"all": 1, "third": 3}


class OldGateway:
    """A gateway that knows the plain wire only, and subscribes ever again.

    A stream that lives brings each event once and in order, from the first
    after the answer at the latest. A stream that broke is itself the notice
    that something may be missing, so nothing is asked across two.
    """

    def __init__(
        self, wire: SimpleNamespace, target: str, begun: Callable[[], int]
    ) -> None:
        self._wire = wire
        self._target = target
        self._begun = begun
        self._stop = threading.Event()
        self._gateway: PlainGateway | None = None
        self._is_broken = True
        self.streams: list[PlainStream] = []
        self.refusals: list[str] = []
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def break_stream(self) -> None:
        """Break the stream that it has, if any; it makes another."""
        if self._gateway is not None:
            self._gateway.call.cancel()

    def stop(self) -> None:
        """End."""
        self._stop.set()
        while self._thread.is_alive():
            self.break_stream()
            self._thread.join(0.05)

    @property
    def is_subscribed(self) -> bool:
        """Whether it has a stream, and that its answers."""
        return (
            not self._is_broken
            and self.streams[-1].begun.keys() == STEPS.keys()
        )

    def has_seen(self, number: int) -> bool:
        """Whether each subscription was delivered that event."""
        numbers = self.streams[-1].numbers
        return all(numbers.get(name, [])[-1:] == [number] for name in STEPS)

    def problems(self) -> list[str]:
        """Return what is wrong with what it got."""
        found = [f"plain: refused: {reason}" for reason in self.refusals]
        for index, stream in enumerate(self.streams):
            for name, got in stream.numbers.items():
                step = STEPS[name]
                where = f"plain, stream {index}, {name}"
                if name not in stream.begun:
                    found.append(f"{where}: an event before the answer")
                    continue
                latest = (stream.begun[name] // step + 1) * step
                if got[0] > latest:
                    found.append(
                        f"{where}: expected to begin by {latest}, got {got[0]}"
                    )
                if got != list(range(got[0], got[-1] + 1, step)):
                    found.append(f"{where}: a hole, or out of order: {got}")
        return found

    def _run(self) -> None:
        while not self._stop.is_set():
            gateway = PlainGateway(self._wire, self._target)
            stream = PlainStream()
            self._gateway = gateway
            try:
                self._subscribe(gateway, "all")
                self._subscribe(
                    gateway, "third", condition("remainder", "==", 0)
                )
                self.streams.append(stream)
                self._is_broken = False
                for message in gateway.call:
                    self._take(stream, message)
            except grpc.RpcError:
                # Broken: it begins again.
                self._stop.wait(0.02)
            finally:
                self._is_broken = True
                gateway.close()

    def _subscribe(
        self, gateway: PlainGateway, name: str, *filters: dict[str, Any]
    ) -> None:
        gateway.send(
            subscribe={
                "subscription_id": name,
                "database": "t",
                "collection": "c",
                "filters": list(filters),
            }
        )

    def _take(self, stream: PlainStream, message: Any) -> None:
        if message.WhichOneof("payload") == "subscribe_response":
            answer = message.subscribe_response
            if not answer.success:
                self.refusals.append(answer.error)
            stream.begun[answer.subscription_id] = self._begun()
            return
        number = int(message.delivery.event.event_id[1:])
        for name in message.delivery.subscription_ids:
            stream.numbers.setdefault(name, []).append(number)


def start_sessions(
    ends: ExitStack, target: str, folder: Path, **divisors: dict[str, int]
) -> list[SessionGateway]:
    """Start gateways by name; wait until all have subscribed."""
    gateways = [
        SessionGateway(target, folder, name, wanted)
        for name, wanted in divisors.items()
    ]
    for gateway in gateways:
        ends.callback(gateway.kill)
        gateway.start()
    for gateway in gateways:
        gateway.wait_subscribed()
    return gateways


def problems_at_the_end(
    writer: Writer,
    sessions: Sequence[SessionGateway],
    plain: Sequence[OldGateway] = (),
) -> list[str]:
    """Let everybody get the last event; return what is wrong."""
    for old in plain:
        wait_until(lambda g=old: g.is_subscribed, "a stream with its answers")
    final = writer.finish()
    for gateway in sessions:
        wait_until(
            lambda g=gateway: g.has_seen(f"e{final}"), "the last event to come"
        )
    for old in plain:
        wait_until(lambda g=old: g.has_seen(final), "the last event to come")
    return [
        *(one for gateway in sessions for one in gateway.problems(final)),
        *(one for old in plain for one in old.problems()),
    ]
