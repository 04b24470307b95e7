"""What the log says of events that may be missing."""

import json

from calls import get
from streamerd import wait_until
from test_sessions import deliveries, event_ids, hello, subscribe


def losses(service):
    entries = [json.loads(line) for line in service.log.splitlines()]
    return [one for one in entries if one["message"] == "events may be missing"]


def send_unresolved_delete(puller):
    """Send the delete of a document that nobody has seen before."""
    puller.send(op_type="delete", full_doc=b"", mgo_doc_id="t:unseen")


def test_a_delete_that_cannot_be_resolved_has_a_line(
    start, gateway_of, scripted_puller
):
    service = start(
        "--roles=streamer", f"--puller.address={scripted_puller.target}"
    )
    wait_until(
        lambda: get(service, "/health/ready").status == 200,
        "the source is followed",
    )
    gateway = gateway_of(service)
    hello(gateway, gateway_id="g")
    assert subscribe(gateway, "s").success
    scripted_puller.send()
    assert event_ids(deliveries(gateway, 1)) == ["e1"]
    send_unresolved_delete(scripted_puller)
    notice = gateway.receive().resync_required
    wait_until(lambda: losses(service), "the line of it")
    (line,) = losses(service)
    expected = {
        "level": "warning",
        "cause": "delete_unresolved",
        "reason": notice.reason,
        "backend": "b",
        "tenant": "t",
        "collection": "",
        "from": notice.from_progress,
        "to": notice.to_progress,
        "gateways": 1,
        "gateway": "g",
        "left_out": 0,
    }
    assert expected.items() <= line.items()
    # Of those that follow at once, one has a line when it is time, though
    # nothing else happens then.
    for _ in range(3):
        send_unresolved_delete(scripted_puller)
    wait_until(
        lambda: sum(1 + one["left_out"] for one in losses(service)) == 4,
        "the others to be counted",
    )
