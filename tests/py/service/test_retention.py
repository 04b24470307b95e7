"""What the log no longer keeps: who still needs it is told which range."""

import itertools
import random

import grpc
import pytest
from calls import samples
from streamerd import wait_until
from test_durability import log_options, offset_of, opened, post
from test_last_resort import deliveries_of
from test_losses import losses
from test_resume import OUT_OF_RANGE, resume
from test_roles import is_ready
from test_sessions import COMPLETE, deliveries, event_ids, hello
from test_stalled_sessions import open_session, resyncs
from wall_clock import WallClock

MIB = 1 << 20
KEEPS_LITTLE = f"--log.retention_bytes={MIB}"
TRIMMED = "the log no longer holds these events"


@pytest.fixture
def fill():
    """Logs mebibytes of what nobody asks for; returns the last place.

    The log drops segments of 4 MiB, each once what follows it is more than is
    to be kept: after 16 MiB nothing from before them is left.
    """
    dice = random.Random(1)
    numbers = itertools.count()

    def filler():
        number = next(numbers)
        return {
            "event_id": f"filler{number}",
            "tenant": "t",
            "collection": "filler",
            "id": f"f{number}",
            "op": "insert",
            # What no disk makes smaller.
            "doc": {"text": dice.randbytes(MIB // 2).hex()},
        }

    def log(service, mebibytes):
        for _ in range(mebibytes // 4):
            place = post(service, [filler() for _ in range(4)])
        return place

    return log


def leave(service, gateway, others):
    """Break a stream: nothing is handed over to it afterwards."""
    gateway.close()
    wait_until(
        lambda: samples(service)["streamer_gateways_connected"] == others,
        "the stream to be gone",
    )


def losses_told(service):
    return sum(1 + one["left_out"] for one in losses(service))


def resume_with_loss(gateway, after):
    """Begin after a place that is gone; return the notice of that."""
    assert resume(gateway, "s", after).success
    message = gateway.receive()
    assert message.WhichOneof("payload") == "resync_required", message
    notice = message.resync_required
    assert notice.reason == TRIMMED
    assert notice.from_progress == after
    assert list(notice.subscription_ids) == ["s"]
    return notice


def refusal(puller_wire, puller, after):
    """Ask for what follows a marker; return how that is refused, or None."""
    with grpc.insecure_channel(
        puller.target, options=[("grpc.use_local_subchannel_pool", 1)]
    ) as channel:
        method = channel.unary_stream(
            "/syntrix.puller.v1.PullerService/Subscribe",
            request_serializer=puller_wire.SubscribeRequest.SerializeToString,
            response_deserializer=puller_wire.PullerEvent.FromString,
        )
        call = method(puller_wire.SubscribeRequest(after=after), timeout=60)
        try:
            next(call)
        except grpc.RpcError:
            oldest = dict(call.trailing_metadata())["oldest-progress"]
            return call.code(), call.details(), oldest
        call.cancel()
        return None


def test_what_is_beyond_its_bytes_leaves_the_disk(
    start, puller_wire, tmp_path, fill
):
    folder = tmp_path / "log"
    service = start(
        "--roles=puller",
        *log_options(folder),
        KEEPS_LITTLE,
        "--log.sync=none",
    )
    place = fill(service, 176)
    head = fill(service, 16)
    wait_until(
        lambda: refusal(puller_wire, service, place) is not None,
        "all but the end to be dropped",
    )
    assert service.stop() == 0
    service.start()
    assert opened(service)[-1]["head"] == head
    first = offset_of(opened(service)[-1]["first"])
    assert offset_of(place) < first <= offset_of(head)
    # It writes some 100 MiB before it tidies up, however little is kept.
    wait_until(
        lambda: (
            sum(file.stat().st_size for file in folder.iterdir()) < 128 * MIB
        ),
        "the folder to become smaller than what was logged",
    )


def test_who_needs_what_is_gone_is_told_the_range_and_nobody_else(
    start, gateway_of, tmp_path, events, fill
):
    service = start(
        *log_options(tmp_path / "log"),
        KEEPS_LITTLE,
        "--outbox.max_deliveries=10",
    )
    good, session = open_session(service, gateway_of, "good")
    away, session_away = open_session(service, gateway_of, "away")
    leave(service, away, others=1)
    places = []
    for _ in range(3):
        places.append(post(service, events(10)))
        deliveries_of(good, session, 10)
    head = fill(service, 16)
    # It has acknowledged nothing of what is gone.
    wait_until(lambda: losses_told(service) == 1, "the log to be trimmed")
    away = gateway_of(service)
    again = hello(away, gateway_id="away", session=session_away)
    assert again.continuity == COMPLETE
    notice = away.receive().resync_required
    assert notice.reason == TRIMMED
    assert offset_of(notice.from_progress) == 0
    assert 30 < offset_of(notice.to_progress) <= offset_of(head)
    assert list(notice.subscription_ids) == []

    late = gateway_of(service)
    hello(late, gateway_id="late")
    notice = resume_with_loss(late, places[1])
    assert 30 < offset_of(notice.to_progress) < offset_of(head)

    # A stream without a session can be told in no other way.
    answer = resume(gateway_of(service), "s", places[1])
    assert (answer.success, answer.code) == (False, OUT_OF_RANGE)
    assert places[1] in answer.error

    # All go on, and he whom nothing concerned has heard of nothing.
    post(service, events(1))
    (of_good,) = deliveries(good, 1)
    assert (of_good.event.event_id, of_good.seq) == ("e31", 31)
    assert event_ids(deliveries(late, 1)) == ["e31"]
    assert event_ids(deliveries(away, 1)) == ["e31"]
    assert resyncs(service, "trimmed") == 2
    wait_until(lambda: losses_told(service) == 2, "the line of the other")
    assert {one["cause"] for one in losses(service)} == {"trimmed"}


def test_what_is_beyond_its_age_is_gone_after_a_restart_too(
    start, gateway_of, tmp_path, events
):
    clock = WallClock(tmp_path / "clock")
    service = start(
        *log_options(tmp_path / "log"),
        "--log.retention_age=1m",
        "--session.max_lag=24h",
        environment=clock.environment,
    )
    away, session = open_session(service, gateway_of, "away")
    leave(service, away, others=0)
    place = post(service, events(3))
    newest_old = post(service, events(2))
    assert service.stop() == 0
    clock.throw(1)
    service.start()
    post(service, events(2))
    wait_until(lambda: losses_told(service) == 1, "the log to be trimmed")
    away = gateway_of(service)
    hello(away, gateway_id="away", session=session)
    notice = away.receive().resync_required
    assert notice.reason == TRIMMED
    assert offset_of(notice.from_progress) == 0
    assert offset_of(notice.to_progress) >= 5
    gateway = gateway_of(service)
    hello(gateway)
    notice = resume_with_loss(gateway, place)
    assert offset_of(notice.to_progress) == offset_of(newest_old) == 5
    assert event_ids(deliveries(gateway, 2)) == ["e6", "e7"]
    # The young ones stay.
    assert service.stop() == 0
    service.start()
    assert offset_of(opened(service)[-1]["first"]) == 6
    gateway = gateway_of(service)
    hello(gateway, gateway_id="another")
    assert resume(gateway, "s", newest_old).success
    assert event_ids(deliveries(gateway, 2)) == ["e6", "e7"]


def test_a_streamer_whose_marker_is_gone_tells_of_the_gap_and_goes_on(
    start, gateway_of, puller_wire, tmp_path, events, fill
):
    puller = start(
        "--roles=puller", *log_options(tmp_path / "puller"), KEEPS_LITTLE
    )
    streamer = start(
        "--roles=streamer",
        f"--puller.address={puller.target}",
        "--puller.reconnect_backoff_max=200ms",
        *log_options(tmp_path / "streamer"),
    )
    wait_until(lambda: is_ready(streamer), "the source is followed")
    gateway, session = open_session(streamer, gateway_of, "g")
    marker = post(puller, events(3))
    got = deliveries(gateway, 3)
    gateway.send(ack={"session": session, "seq": 3})
    streamer.kill()
    post(puller, events(2))
    head = fill(puller, 16)
    wait_until(
        lambda: refusal(puller_wire, puller, marker) is not None,
        "the marker to be gone",
    )
    code, details, oldest = refusal(puller_wire, puller, marker)
    assert code == grpc.StatusCode.OUT_OF_RANGE
    assert marker in details
    assert 5 < offset_of(oldest) < offset_of(head)

    streamer.start()
    gateway = gateway_of(streamer)
    again = hello(
        gateway,
        gateway_id="g",
        session=session,
        last_seq=3,
        last_progress=got[-1].progress,
    )
    assert again.subscription_count == 1
    notice = gateway.receive().resync_required
    assert details in notice.reason
    assert notice.from_progress.endswith("-3")
    # It reads on at the oldest that there is, and what comes is delivered.
    post(puller, events(1))
    assert event_ids(deliveries(gateway, 1)) == ["e6"]
    ingested = 'streamer_events_ingested_total{source="puller"}'
    expected = offset_of(head) + 1 - offset_of(oldest)
    wait_until(
        lambda: samples(streamer)[ingested] == expected,
        "what it read to be counted",
    )
    counts = samples(streamer)
    assert counts["streamer_gaps_detected_total"] == 1
    assert resyncs(streamer, "source_gap") == 1
    wait_until(lambda: losses(streamer), "the line of it")
    assert [one["cause"] for one in losses(streamer)] == ["source_gap"]
