"""`judge` sees what is wrong with a history that was true until it was changed.

A puller, a streamer, a session in two processes and an old gateway run for a
while; then each test changes what one of them wrote down.
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from gateways import OldGateway, SessionGateway, finish
from judge import run_judge
from numbered_events import Writer, ingest, numbered_event
from streamerd import Streamerd, wait_until

Line = dict[str, Any]


class Run:
    """The logs and the histories of a run in which all was right."""

    def __init__(self, folder: Path, wire: Any) -> None:
        self.folder = folder
        with ExitStack() as ends:
            self._run(ends, wire)

    def _run(self, ends: ExitStack, wire: Any) -> None:
        folder = self.folder
        puller = Streamerd(
            folder / "puller.log", "--roles=puller", f"--log.path={folder}/p"
        )
        ends.callback(puller.kill)
        puller.start()
        streamer = Streamerd(
            folder / "streamer.log",
            "--roles=streamer",
            f"--puller.address={puller.target}",
            f"--log.path={folder}/s",
        )
        ends.callback(streamer.kill)
        streamer.start()
        session = SessionGateway(
            streamer.target, folder, "g", {"all": 1, "third": 3}
        )
        ends.callback(session.kill)
        session.start()
        session.wait_subscribed()
        ingest(puller, map(numbered_event, range(1, 41)))
        wait_until(lambda: session.has_seen("e40"), "events to come")
        session.kill()
        session.start()
        session.wait_subscribed()
        old = OldGateway(wire, streamer.target, folder, "old")
        ends.callback(old.stop)
        old.start()
        # What the writer writes goes on behind that.
        writer = Writer(puller)
        writer.accepted = 40
        finish(writer, [session], [old])
        streamer.kill()
        # This one comes to no streamer.
        ingest(puller, [numbered_event(0)])

    def lines(self, name: str) -> list[Line]:
        """Return what that gateway wrote down."""
        text = (self.folder / f"{name}.history").read_text()
        return [json.loads(line) for line in text.splitlines()]

    def judge(self, file: Path, lines: list[Line], *options: str) -> Any:
        """Judge a history."""
        file.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
        return run_judge("--log", self.folder / "s", *options, file)


@pytest.fixture(scope="module")
def run(tmp_path_factory, wire):
    """The run, made once."""
    return Run(tmp_path_factory.mktemp("run"), wire)


def delivery(lines: list[Line], event: str) -> int:
    """Return where the delivery of that event stands."""
    (found,) = (
        index
        for index, line in enumerate(lines)
        if line.get("delivered", {}).get("event") == event
    )
    return found


def broken(said: str) -> set[str]:
    """Return the invariants that are complained of."""
    return {
        line.split(":")[0].strip()
        for line in said.splitlines()
        if line.startswith("  ")
    }


def remove(lines: list[Line]) -> None:
    del lines[delivery(lines, "e30")]


def double(lines: list[Line]) -> None:
    at = delivery(lines, "e30")
    lines.insert(at + 1, lines[at])


def reorder(lines: list[Line]) -> None:
    one, other = delivery(lines, "e60"), delivery(lines, "e62")
    lines[one], lines[other] = lines[other], lines[one]


def change_tenant(lines: list[Line]) -> None:
    lines[delivery(lines, "e60")]["delivered"]["tenant"] = "u"


def change_document(lines: list[Line]) -> None:
    lines[delivery(lines, "e60")]["delivered"]["document"] = '{"n":61}'


def change_operation(lines: list[Line]) -> None:
    lines[delivery(lines, "e60")]["delivered"]["operation"] = "update"


def invent(lines: list[Line]) -> None:
    at = delivery(lines, "e60")
    other = lines[at]["delivered"] | {"event": "e9999", "progress": "p1-1-1"}
    lines.insert(at + 1, lines[at] | {"delivered": other})


def name_another(lines: list[Line]) -> None:
    lines[delivery(lines, "e61")]["delivered"]["ids"].append("third")


def forget_an_id(lines: list[Line]) -> None:
    lines[delivery(lines, "e60")]["delivered"]["ids"].remove("third")


def jump(lines: list[Line]) -> None:
    for line in lines[delivery(lines, "e60") :]:
        if "delivered" in line:
            line["delivered"]["sequence"] += 1


def begin_later(lines: list[Line]) -> None:
    (answer, *_) = (line["answered"] for line in lines if "answered" in line)
    of_event = lines[delivery(lines, "e30")]["delivered"]
    answer["from"] = of_event["progress"]


def send_again(lines: list[Line]) -> None:
    """To the second process, what the first had processed."""
    again = lines[delivery(lines, "e30")]
    lines.insert(delivery(lines, "e60"), again)


def forget_to_keep(lines: list[Line]) -> None:
    """What came last was not processed."""
    while lines.pop().keys() != {"at", "kept"}:
        pass


def say_nothing_missed(lines: list[Line]) -> None:
    second = next(
        line["welcomed"] for line in reversed(lines) if "welcomed" in line
    )
    progress = lines[delivery(lines, "e60")]["delivered"]["progress"]
    second |= {"continuity": "nothing_missed", "to": progress}


GAP = {
    "ids": ["all"],
    "reason": "the source lost events",
    "ended": "",
    "from": "",
    "to": "",
}


def resync(lines: list[Line]) -> None:
    lines.insert(delivery(lines, "e60"), {"at": 1, "noticed": GAP})


@pytest.mark.parametrize(
    ("change", "invariants"),
    [
        (lambda _: None, set()),
        (remove, {"I1", "I4"}),
        (double, {"I3"}),
        (reorder, {"I4"}),
        (change_tenant, {"I2", "I5"}),
        (change_document, {"I2"}),
        (change_operation, {"I2"}),
        (invent, {"I2", "I4"}),
        (name_another, {"I2"}),
        (forget_an_id, {"I1"}),
        (jump, {"I4"}),
        (begin_later, {"I2"}),
        (send_again, {"I3", "I4"}),
        (forget_to_keep, {"I1"}),
        (say_nothing_missed, {"I7"}),
        (resync, {"I11"}),
    ],
)
def test_of_a_session(run, tmp_path, change, invariants):
    lines = run.lines("g")
    change(lines)
    judged = run.judge(tmp_path / "g.history", lines)
    assert broken(judged.said) == invariants, judged.said
    assert judged.status == (1 if invariants else 0)


@pytest.mark.parametrize(
    ("change", "invariants"),
    [
        (lambda _: None, set()),
        (
            lambda lines: lines.pop(delivery(lines, "e60")),
            {"I1"},
        ),
        (reorder, {"I4"}),
        (change_tenant, {"I1", "I2"}),
        (invent, {"I2"}),
        (name_another, {"I2"}),
        (forget_an_id, {"I1"}),
    ],
)
def test_of_an_old_gateway(run, tmp_path, change, invariants):
    lines = run.lines("old")
    change(lines)
    judged = run.judge(tmp_path / "old.history", lines)
    assert broken(judged.said) == invariants, judged.said
    assert judged.status == (1 if invariants else 0)


def test_a_resync_is_excused_by_its_cause_only(run, tmp_path):
    lines = run.lines("g")
    resync(lines)
    for cause, status in [
        ("source_gap", 0),
        ("source_gap:g", 0),
        ("source_gap:other", 1),
        ("expired", 1),
    ]:
        judged = run.judge(tmp_path / "g.history", lines, "--cause", cause)
        assert judged.status == status, (cause, judged.said)


def test_what_the_source_had_must_have_come_to_the_streamer(run, tmp_path):
    judged = run.judge(
        tmp_path / "g.history",
        run.lines("g"),
        *("--source", str(run.folder / "p")),
    )
    assert judged.status == 1
    assert "I1: event e0 at" in judged.said
    assert "of the source never came to the log" in judged.said


def test_what_cannot_be_read_is_named(run, tmp_path):
    history = tmp_path / "g.history"
    lines = run.lines("g")
    lines[3] = {"at": 1, "asked": {}}
    for judged, said in [
        (
            run.judge(history, lines),
            f"judge: {history}:4: asked: id: expected a value of type string, "
            "got none\n",
        ),
        (
            run.judge(history, run.lines("g"), "--cause", "why"),
            "judge: --cause: expected one of source_gap, unreadable, "
            'gateway_lost, expired, store_lost, got "why"\n',
        ),
        (
            run_judge("--log", run.folder / "s", tmp_path / "none"),
            f"judge: {tmp_path}/none: expected a history, got nothing "
            "readable\n",
        ),
        (
            run_judge("--log", tmp_path / "none", history),
            f"judge: {tmp_path}/none: expected the folder of a log, got none\n",
        ),
    ]:
        assert (judged.status, judged.said) == (2, said)
