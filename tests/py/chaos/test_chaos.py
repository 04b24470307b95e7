"""Puller, streamer and gateways as processes, killed and stopped at random.

Each subscription must get every event that is its own, in order, and twice
only what says that it may have come before. STREAMER_CHAOS_ROUNDS and
STREAMER_CHAOS_SEED choose how long and which; a failure names both.
"""

from __future__ import annotations

import http.client
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from streamerd import Streamerd, clean_environment, wait_until

ROUNDS = int(os.environ.get("STREAMER_CHAOS_ROUNDS", "10"))
SEED = int(os.environ.get("STREAMER_CHAOS_SEED", "1"))

FOLDER = Path(__file__).parent


class Writer:
    """Ingests numbered events, over and over until each is accepted."""

    def __init__(self, puller: Streamerd) -> None:
        self._puller = puller
        self._numbers = itertools.count(1)
        self._stop = threading.Event()
        self.accepted = 0
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def stop(self) -> int:
        """End after what is under way; return the last number."""
        self._stop.set()
        self._thread.join()
        return self.accepted

    def _run(self) -> None:
        while not self._stop.is_set():
            batch = [next(self._numbers) for _ in range(20)]
            body = "\n".join(
                json.dumps(
                    {
                        "event_id": f"e{number}",
                        "tenant": "t",
                        "collection": "c",
                        "id": f"d{number}",
                        "op": "insert",
                        "doc": {"number": number},
                    }
                )
                for number in batch
            ).encode()
            while not self._post(body):
                time.sleep(0.01)
            self.accepted = batch[-1]
            # Others test beside this, on the same processors.
            self._stop.wait(0.01)

    def _post(self, body: bytes) -> bool:
        try:
            status, _ = self._puller.post("/v1/events", body)
        except (OSError, EOFError, ValueError, http.client.HTTPException):
            return False
        return status == 202


class Gateway:
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
        """Start it; returns once it has subscribed."""
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


@pytest.fixture
def world(tmp_path):
    """Start a puller, a streamer and three gateways; end them."""
    fast = ("--state.save_interval=1s", "--state.save_events=50")
    puller = Streamerd(
        tmp_path / "puller.log", "--roles=puller", f"--log.path={tmp_path}/p"
    )
    puller.start()
    streamer = Streamerd(
        tmp_path / "streamer.log",
        "--roles=streamer",
        f"--puller.address={puller.target}",
        "--puller.reconnect_backoff_max=200ms",
        f"--log.path={tmp_path}/s",
        "--outbox.max_deliveries=300",
        *fast,
    )
    streamer.start()
    gateways = [
        Gateway(streamer.target, tmp_path, "g1", {"all": 1, "third": 3}),
        Gateway(streamer.target, tmp_path, "g2", {"even": 2}),
        Gateway(streamer.target, tmp_path, "g3", {"a": 5, "b": 7, "c": 11}),
    ]
    for gateway in gateways:
        gateway.start()
    for gateway in gateways:
        gateway.wait_subscribed()
    yield puller, streamer, gateways
    for gateway in gateways:
        gateway.kill()
    streamer.kill()
    puller.kill()


def hurt(dice, puller, streamer, gateways):
    """Do one thing that happens to processes."""
    gateway = dice.choice(gateways)
    what = dice.randrange(5)
    if what == 0:
        puller.kill()
        time.sleep(dice.random() / 4)
        puller.start()
    elif what in (1, 2):
        streamer.kill()
        time.sleep(dice.random() / 4)
        streamer.start()
    elif what == 3:
        gateway.kill()
        time.sleep(dice.random() / 4)
        gateway.start()
    else:
        gateway.signal(signal.SIGSTOP)
        time.sleep(dice.random())
        gateway.signal(signal.SIGCONT)


def test_nothing_is_lost_whatever_is_killed(world):
    puller, streamer, gateways = world
    dice = random.Random(SEED)
    writer = Writer(puller)
    writer.start()
    try:
        for _ in range(ROUNDS):
            time.sleep(dice.random() / 2)
            hurt(dice, puller, streamer, gateways)
    finally:
        # A multiple of all that is asked for, so that everybody gets the last.
        last = writer.stop()
    final = (last // 2310 + 1) * 2310
    puller.ingest(
        {
            "event_id": f"e{number}",
            "tenant": "t",
            "collection": "c",
            "id": f"d{number}",
            "op": "insert",
            "doc": {"number": number},
        }
        for number in range(last + 1, final + 1)
    )
    for gateway in gateways:
        wait_until(
            lambda g=gateway: g.has_seen(f"e{final}"), "the last event to come"
        )
    problems = [one for g in gateways for one in g.problems(final)]
    assert not problems, f"rounds {ROUNDS}, seed {SEED}: {problems}"
