"""A streamer that was away allows its puller to join what it missed."""

import json

import pytest
from calls import samples
from streamerd import wait_until
from test_durability import log_options, post
from test_roles import is_ready
from test_sessions import deliveries, event_ids, hello, subscribe

INSERT, UPDATE, DELETE = 1, 2, 4
ENTERED, CHANGED, LEFT = 1, 2, 3


class Documents:
    """Makes the changes of documents, each with what was there before."""

    def __init__(self):
        self.numbers = {}
        self._counts = {}

    def set(self, document, number):
        """Let its number be this."""
        return self._change(document, number)

    def delete(self, document):
        """Let it be gone."""
        return self._change(document, None)

    def _change(self, document, number):
        before = self.numbers.pop(document, None)
        if number is not None:
            self.numbers[document] = number
        self._counts[document] = self._counts.get(document, 0) + 1
        event = {
            "event_id": f"{document}{self._counts[document]}",
            "tenant": "t",
            "collection": "c",
            "id": document,
            "op": "delete" if number is None else "update",
        }
        if before is None:
            event["op"] = "insert"
        else:
            event["before"] = {"n": before}
        if number is not None:
            event["doc"] = {"n": number}
        return event


def final_numbers(start, got):
    """Return what documents somebody has who was told all that."""
    numbers = dict(start)
    for one in got:
        event = one.event
        numbers.pop(event.document_id, None)
        if event.operation != DELETE:
            document = json.loads(event.document_data)
            numbers[event.document_id] = document["n"]
    return numbers


def told(one):
    """Return a delivery as its event, operation and memberships."""
    names = one.subscription_ids
    return (
        one.event.event_id,
        one.event.operation,
        dict(zip(names, one.membership, strict=True)).get("positive"),
    )


JOINED = [
    ("dies2", UPDATE, CHANGED),
    ("sinks3", UPDATE, LEFT),
    ("rises3", UPDATE, ENTERED),
    ("stays3", UPDATE, CHANGED),
    ("dies3", DELETE, LEFT),
    ("new3", INSERT, ENTERED),
]
EACH = [
    ("new1", INSERT, ENTERED),
    ("sinks2", UPDATE, CHANGED),
    ("rises2", UPDATE, ENTERED),
    ("stays2", UPDATE, CHANGED),
    ("dies2", UPDATE, CHANGED),
    ("new2", UPDATE, CHANGED),
    ("sinks3", UPDATE, LEFT),
    ("rises3", UPDATE, CHANGED),
    ("stays3", UPDATE, CHANGED),
    ("dies3", DELETE, LEFT),
    ("new3", UPDATE, CHANGED),
]


@pytest.mark.parametrize(
    ("joins", "expected"), [("true", JOINED), ("false", EACH)]
)
def test_who_was_away_learns_what_became_of_each_document(
    start, gateway_of, tmp_path, joins, expected
):
    puller = start("--roles=puller", *log_options(tmp_path / "puller"))
    streamer = start(
        "--roles=streamer",
        f"--puller.address={puller.target}",
        f"--puller.coalesce_on_catch_up={joins}",
        "--puller.reconnect_backoff_max=200ms",
        *log_options(tmp_path / "streamer"),
    )
    wait_until(lambda: is_ready(streamer), "the source is followed")
    gateway = gateway_of(streamer)
    session = hello(gateway).session
    assert subscribe(gateway, "all").success
    positive = {"expression": "doc.n > 0", "membership": True}
    assert subscribe(gateway, "positive", **positive).success
    documents = Documents()
    post(
        puller,
        [
            documents.set("sinks", 1),
            documents.set("rises", 0),
            documents.set("stays", 5),
            documents.set("dies", 2),
        ],
    )
    got = deliveries(gateway, 4)
    gateway.send(ack={"session": session, "seq": got[-1].seq})
    before = final_numbers({}, got)
    assert before == documents.numbers

    streamer.kill()
    post(
        puller,
        [
            documents.set("new", 1),
            documents.set("sinks", 3),
            documents.set("rises", 4),
            documents.set("stays", 6),
            documents.set("dies", 3),
            documents.set("new", 2),
            documents.set("sinks", 0),
            documents.set("rises", 6),
            documents.set("stays", 7),
            documents.delete("dies"),
            documents.set("new", 9),
        ],
    )
    streamer.start()
    gateway = gateway_of(streamer)
    again = hello(
        gateway,
        session=session,
        last_seq=got[-1].seq,
        last_progress=got[-1].progress,
    )
    assert again.subscription_count == 2
    late = deliveries(gateway, len(expected))
    assert [told(one) for one in late] == expected
    assert final_numbers(before, late) == documents.numbers
    ingested = 'streamer_events_ingested_total{source="puller"}'
    wait_until(
        lambda: samples(streamer)[ingested] == len(expected),
        "what was delivered to be counted",
    )
    # As soon as it is there, each comes for itself.
    for number in (4, 5):
        post(puller, [documents.set("new", number)])
        assert event_ids(deliveries(gateway, 1)) == [f"new{number}"]
