"""Gateways that write down what they get, for `judge`."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc
from google.protobuf import unknown_fields
from history import History, answered, delivered
from numbered_events import Writer
from plain_wire import DELETE, INSERT, UPDATE, PlainGateway, condition
from streamerd import clean_environment, wait_until

FOLDER = Path(__file__).parent
EVENT = re.compile(rb'"event":"(\w+)"')


class SessionGateway:
    """A process that keeps a session; see session_gateway.py."""

    def __init__(
        self, target: str, folder: Path, name: str, divisors: dict[str, int]
    ) -> None:
        self._target = target
        self._name = name
        self.history = folder / f"{name}.history"
        self.divisors = divisors
        self._process: subprocess.Popen[str] | None = None
        # Of the history, so far.
        self._seen: set[str] = set()
        self._read_upto = 0

    def start(self) -> None:
        """Start it; `wait_subscribed` waits until it has its subscriptions."""
        self._process = subprocess.Popen(
            [
                sys.executable,
                str(FOLDER / "session_gateway.py"),
                self._target,
                str(self.history),
                self._name,
                *(
                    f"{name}=doc.n % {divisor} == 0"
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

    def has_seen(self, event_id: str) -> bool:
        """Whether it has processed that event; it must be alive."""
        assert self._process is not None
        assert self._process.poll() is None, f"{self._name} has ended"
        with self.history.open("rb") as file:
            file.seek(self._read_upto)
            more = file.read()
        # What stands behind the last place is not processed yet.
        end = max(0, more.rfind(b'"kept":'))
        self._seen.update(match.decode() for match in EVENT.findall(more[:end]))
        self._read_upto += end
        return event_id in self._seen


# What an old gateway subscribes to: field, operator, constant.
WANTED: dict[str, list[tuple[str, str, int]]] = {
    "all": [],
    "third": [("remainder", "==", 0)],
}

# Streamer's own field of an answer, which the plain wire does not know and the
# judge must: where the subscription begins.
FROM_PROGRESS = 19

# What nobody takes is soon more than the connection holds: its window is not
# widened.
NARROW = [("grpc.http2.bdp_probe", 0)]

OPERATIONS = {INSERT: "insert", UPDATE: "update", DELETE: "delete"}


def from_progress(answer: Any) -> str:
    """Return where the subscription begins, as the answer to it says."""
    (progress,) = (
        field.data.decode()
        for field in unknown_fields.UnknownFieldSet(answer)
        if field.field_number == FROM_PROGRESS
    )
    return progress


class OldGateway:
    """A gateway that knows the plain wire only, and subscribes ever again.

    A stream that broke is itself the notice that something may be missing,
    up to where the next one begins.
    """

    def __init__(
        self, wire: SimpleNamespace, target: str, folder: Path, name: str
    ) -> None:
        self._wire = wire
        self._target = target
        self._name = name
        self.history = folder / f"{name}.history"
        self._stop = threading.Event()
        self._may_read = threading.Event()
        self._may_read.set()
        self._gateway: PlainGateway | None = None
        self._newest = dict.fromkeys(WANTED, "")
        self._answered: set[str] = set()
        self.streams = 0
        # What is wrong and no invariant of the history.
        self.faults: list[str] = []
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def break_stream(self) -> None:
        """Break the stream that it has, if any; it makes another."""
        if self._gateway is not None:
            self._gateway.call.cancel()

    def stop_reading(self) -> None:
        """Take nothing from the stream that it has."""
        self._may_read.clear()

    def go_on_reading(self) -> None:
        """Take what came meanwhile, and what comes."""
        self._may_read.set()

    def stop(self) -> None:
        """End."""
        self._stop.set()
        self._may_read.set()
        while self._thread.is_alive():
            self.break_stream()
            self._thread.join(0.05)

    @property
    def is_subscribed(self) -> bool:
        """Whether it has a stream, and that its answers."""
        return self._answered == WANTED.keys()

    def has_seen(self, event_id: str) -> bool:
        """Whether each subscription was delivered that event last."""
        return set(self._newest.values()) == {event_id}

    def _run(self) -> None:
        history = History(self.history, self._name, session=False)
        history.write(("started", {"resume": ""}))
        known: set[str] = set()
        while not self._stop.is_set():
            gateway = PlainGateway(self._wire, self._target, options=NARROW)
            self._gateway = gateway
            self.streams += 1
            try:
                for name, filters in WANTED.items():
                    self._subscribe(gateway, history, name, filters)
                for message in gateway.call:
                    self._may_read.wait()
                    if message.WhichOneof("payload") == "delivery":
                        self._take_delivery(history, message.delivery)
                    else:
                        self._take_answer(
                            history, message.subscribe_response, known
                        )
            except grpc.RpcError:
                # Broken: it begins again.
                self._stop.wait(0.02)
            finally:
                self._answered = set()
                gateway.close()
        history.close()

    def _subscribe(
        self,
        gateway: PlainGateway,
        history: History,
        name: str,
        filters: list[tuple[str, str, int]],
    ) -> None:
        history.write(("asked", {"id": name, "resume_after": ""}))
        gateway.send(
            subscribe={
                "subscription_id": name,
                "database": "t",
                "collection": "c",
                "filters": [condition(*each) for each in filters],
            }
        )

    def _take_answer(
        self, history: History, answer: Any, known: set[str]
    ) -> None:
        if not answer.success:
            self.faults.append(f"refused: {answer.error}")
            return
        name = answer.subscription_id
        begin = from_progress(answer)
        if name in known:
            broken = {"ids": [name], "reason": "the stream broke", "ended": ""}
            history.write(("noticed", broken | {"from": "", "to": begin}))
        wanted = {"id": name, "tenant": "t", "collection": "c", "from": begin}
        history.write(answered(conditions=WANTED[name], **wanted))
        known.add(name)
        self._answered |= {name}

    def _take_delivery(self, history: History, delivery: Any) -> None:
        event = delivery.event
        names = list(delivery.subscription_ids)
        if not self._answered.issuperset(names):
            self.faults.append(f"{event.event_id} came before an answer")
        history.write(
            delivered(
                stream=self.streams,
                ids=names,
                event=event.event_id,
                tenant=event.tenant,
                collection=event.collection,
                document_id=event.document_id,
                operation=OPERATIONS[event.operation],
                document=event.document_data.decode(),
                received=time.monotonic_ns(),
            )
        )
        self._newest |= dict.fromkeys(names, event.event_id)


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


def finish(
    writer: Writer,
    sessions: Sequence[SessionGateway],
    plain: Sequence[OldGateway] = (),
) -> list[Path]:
    """Let everybody get the last event, and end them; return histories."""
    for old in plain:
        wait_until(lambda g=old: g.is_subscribed, "a stream with its answers")
    final = f"e{writer.finish()}"
    for gateway in [*sessions, *plain]:
        wait_until(
            lambda g=gateway: g.has_seen(final), "the last event to come"
        )
    for gateway in sessions:
        gateway.kill()
    for old in plain:
        old.stop()
        assert not old.faults, old.faults
    return [gateway.history for gateway in [*sessions, *plain]]
