"""The network between streamer, puller and gateways fails and comes back.

The streamer runs in a network namespace of its own, joined to the rest by one
pair of virtual interfaces: with that down, packets vanish and nobody is told.
Delays are short partitions, out of which TCP sends again late: the kernels
that this must run on lack the module behind `tc qdisc ... netem`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import ExitStack

import pytest
from gateways import OldGateway, SessionGateway, finish, start_sessions
from judge import assert_kept
from numbered_events import Writer
from plain_wire import PlainGateway
from rounds import ROUNDS, patient
from streamerd import PATIENCE, Streamerd, wait_until


def ip(*arguments: str) -> None:
    """Run ip(8)."""
    done = subprocess.run(
        ["ip", *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"ip {' '.join(arguments)}: {done.stderr}"


class Link:
    """A namespace and the one link to it.

    The kernel takes a while to remove one: the next of a process, of which
    there are two, has other names and addresses.
    """

    _made = 0

    def __init__(self, ends: ExitStack) -> None:
        pid = os.getpid()
        mark = f"{pid}{'ab'[Link._made]}"
        self.name = f"streamer{mark}"
        self._interfaces = (f"so{mark}", f"si{mark}")
        # Of 198.18.0.0/15, which is for tests of networks; 4 addresses each.
        number = (2 * pid + Link._made) % 0x8000 * 4
        Link._made += 1
        network = f"198.{18 + number // 0x10000}.{number // 0x100 % 0x100}"
        self.outside = f"{network}.{number % 0x100 + 1}"
        self.inside = f"{network}.{number % 0x100 + 2}"
        ip("netns", "add", self.name)
        # The interfaces go with it.
        ends.callback(ip, "netns", "delete", self.name)
        outer, inner = self._interfaces
        ip(
            *("link", "add", outer, "type", "veth"),
            *("peer", "name", inner, "netns", self.name),
        )
        ip("address", "add", f"{self.outside}/30", "dev", outer)
        self._inside("address", "add", f"{self.inside}/30", "dev", inner)
        ip("link", "set", outer, "up")
        self._inside("link", "set", inner, "up")
        self._inside("link", "set", "lo", "up")

    @property
    def enter(self) -> tuple[str, ...]:
        """What runs a command in the namespace."""
        return ("ip", "netns", "exec", self.name)

    def cut(self, *, inside: bool) -> None:
        """Cut it at one of its ends; connections over it are not told."""
        self._set("down", inside)

    def mend(self, *, inside: bool) -> None:
        """Mend it, at the end at which it was cut."""
        self._set("up", inside)

    def _set(self, state: str, inside: bool) -> None:
        run = self._inside if inside else ip
        run("link", "set", self._interfaces[inside], state)

    def _inside(self, *arguments: str) -> None:
        ip("-netns", self.name, *arguments)


@pytest.fixture
def ends():
    """Ends in reverse order what was begun."""
    with ExitStack() as stack:
        yield stack


# Looks until a page has a line.
AWAIT_LINE = """
import sys, time, urllib.request
page, line = sys.argv[1:]
while line not in urllib.request.urlopen(page).read().decode().splitlines():
    time.sleep(0.2)
"""


def test_a_gateway_that_vanished_is_found(ends, tmp_path, wire):
    """Nothing is sent to it that could fail: it answers no keepalive ping."""
    link = Link(ends)
    streamer = Streamerd(
        tmp_path / "streamer.log", host=link.inside, prefix=link.enter
    )
    ends.callback(streamer.kill)
    streamer.start()
    gateway = PlainGateway(wire, streamer.target)
    ends.callback(gateway.close)
    gateway.subscribe_successfully("s")

    def await_subscriptions(count: int) -> None:
        page = f"http://{streamer.host}:{streamer.http_port}/metrics"
        line = f'streamer_subscriptions_active{{kind="match_all"}} {count}'
        command = [*link.enter, sys.executable, "-c", AWAIT_LINE, page, line]
        subprocess.run(command, timeout=PATIENCE, check=True)

    await_subscriptions(1)
    link.cut(inside=False)
    await_subscriptions(0)


@patient
def test_nothing_is_lost_when_the_network_fails(ends, tmp_path, wire):
    link = Link(ends)
    puller = Streamerd(
        tmp_path / "puller.log",
        "--roles=puller",
        f"--log.path={tmp_path}/p",
        host=link.outside,
    )
    ends.callback(puller.kill)
    puller.start()
    streamer = Streamerd(
        tmp_path / "streamer.log",
        "--roles=streamer",
        f"--puller.address={puller.target}",
        "--puller.reconnect_backoff_max=200ms",
        f"--log.path={tmp_path}/s",
        "--outbox.max_deliveries=300",
        host=link.inside,
        prefix=link.enter,
    )
    ends.callback(streamer.kill)
    streamer.start()
    writer = Writer(puller)
    sessions = start_sessions(
        ends, streamer.target, tmp_path, g1={"all": 1}, g2={"a": 2, "b": 3}
    )
    plain = OldGateway(wire, streamer.target, tmp_path, "old")
    ends.callback(plain.stop)
    plain.start()
    ends.callback(writer.abandon)
    writer.start()

    def await_events(count: int) -> None:
        target = writer.accepted + count
        wait_until(lambda: writer.accepted >= target, "events to be written")

    def delay(*, inside: bool) -> None:
        """What was under way is sent again."""
        await_events(200)
        link.cut(inside=inside)
        await_events(100)
        assert not sessions[0].has_seen(f"e{writer.accepted}")
        link.mend(inside=inside)

    def leave_half_open(gateway: SessionGateway) -> None:
        """Let gateways go or give up, the streamer is not told.

        Heartbeats of a session give up after 5 s.
        """
        await_events(200)
        link.cut(inside=True)
        plain.break_stream()
        gateway.kill()
        gateway.start()
        time.sleep(6)
        link.mend(inside=True)
        await_events(200)

    for round_number in range(ROUNDS):
        delay(inside=round_number % 2 == 0)
        if round_number % 10 == 0:
            leave_half_open(sessions[round_number // 10 % 2])
    histories = finish(writer, sessions, [plain])
    streamer.kill()
    puller.kill()
    assert_kept(tmp_path / "s", histories, "--source", tmp_path / "p")
