"""The GIL is released, and calls on one core are serialised."""

import json
import sys
import threading

import pytest
import streamer

ROOMS = {"tenant": "t", "collection": "rooms"}
_DOCUMENTS = [
    json.dumps({"a": number, "b": ["x"] * 50}).encode()
    for number in range(1000)
]


def _events():
    return [
        streamer.Event(**ROOMS, id=f"r{number}", document=document)
        for number, document in enumerate(_DOCUMENTS)
    ]


def _core():
    core = streamer.Core()
    for number in range(50):
        core.subscribe(
            f"s{number}", **ROOMS, expression=f"doc.a % 100 == {number}"
        )
    return core


def _ingesting():
    core, events = _core(), _events()
    return lambda: core.ingest(events)


def _matching():
    filter_ = streamer.Filter.cel("doc.a % 7 == 1 && 'y' in doc.b")
    return lambda: filter_.matches_many(_DOCUMENTS)


def _explaining():
    filter_ = streamer.Filter.cel("doc.a == 1")
    return lambda: filter_.explain(_DOCUMENTS[0])


def _compiling():
    text = " || ".join(f"doc.a % 100 == {number}" for number in range(200))
    return lambda: streamer.Filter.cel(text)


@pytest.fixture
def no_switching():
    """Threads switch only where the GIL is released."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1000.0)
    yield
    sys.setswitchinterval(before)


class TestGil:
    """Another thread runs while the core works.

    The argument: with a switch interval of a thousand seconds nobody takes
    the GIL from a thread that keeps it, and the loop below neither blocks nor
    ends.  So the other thread can only run while a call has released it.
    """

    @pytest.mark.parametrize(
        "make", [_ingesting, _matching, _explaining, _compiling]
    )
    def test_is_released_during(self, make, no_switching):
        call = make()
        gate = threading.Lock()
        gate.acquire()
        progress = []

        def other():
            with gate:
                progress.append(True)

        thread = threading.Thread(target=other)
        thread.start()
        gate.release()
        calls = 0
        while not progress and calls < 20_000:
            call()
            calls += 1
        assert progress, f"the GIL was kept over {calls} calls"
        thread.join()


class TestOneCore:
    def test_calls_of_several_threads_are_serialised(self):
        core = _core()
        core.subscribe("all", **ROOMS)
        sequences = []

        def work():
            for _ in range(5):
                sequences.extend(
                    each.sequence for each in core.ingest(_events())
                )

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(sequences) == list(range(1, 20_001))
        assert core.statistics()["events_ingested"] == 20_000
