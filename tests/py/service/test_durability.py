"""The log on disk: what a restart finds again, and what it refuses."""

import json
import shutil

import pytest
from calls import get, post_events, samples
from streamerd import wait_until


def lines(events):
    return [json.dumps(event).encode() for event in events]


def post(service, events):
    answer = post_events(service, *lines(events))
    assert answer.status == 202
    return answer.json["progress"]


def log_options(folder):
    return (f"--log.path={folder}", "--logging.level=info")


def opened(service):
    """Return what was logged of the log at each start."""
    entries = [json.loads(line) for line in service.log.splitlines()]
    return [entry for entry in entries if entry["message"] == "log opened"]


def offset_of(progress):
    return int(progress.rpartition("-")[2])


def epoch_of(progress):
    return int(progress.split("-")[1])


def test_positions_go_on_after_a_drain(start, tmp_path, events):
    service = start(*log_options(tmp_path / "log"))
    before = post(service, events(5))
    assert offset_of(before) == 5
    assert service.stop() == 0
    service.start()
    assert opened(service)[-1]["head"] == before
    after = post(service, events(1))
    assert offset_of(after) == 6
    assert epoch_of(after) == epoch_of(before)


def test_a_killed_service_loses_no_event_that_was_accepted(
    start, tmp_path, events
):
    service = start(*log_options(tmp_path / "log"))
    progress = [post(service, events(3)) for _ in range(20)]
    service.kill()
    service.start()
    again = opened(service)[-1]
    assert offset_of(again["head"]) == offset_of(progress[-1]) == 60
    # What may have been lost is never given out again: a new epoch says so.
    assert epoch_of(again["head"]) == epoch_of(progress[-1])
    assert epoch_of(post(service, events(1))) == epoch_of(progress[-1]) + 1


def test_what_is_sent_again_after_a_restart_is_delivered_once(
    start, connect, tmp_path, events
):
    service = start(
        *log_options(tmp_path / "log"), "--soft_state.recovery_window=0s"
    )
    sent = events(10)
    post(service, sent)
    service.kill()
    service.start()
    gateway = connect(service)
    gateway.subscribe_successfully("s")
    post(service, [*sent[5:], *events(1)])
    assert gateway.delivery().event.event_id == "e11"
    wait_until(
        lambda: samples(service)["streamer_duplicate_events_total"] == 5,
        "duplicates are counted",
    )


def test_a_damaged_log_is_refused_by_name(start, tmp_path, events):
    folder = tmp_path / "log"
    service = start(*log_options(folder))
    post(service, events(5))
    assert service.stop() == 0
    (folder / "CURRENT").unlink()
    with pytest.raises(AssertionError, match="CURRENT"):
        service.start()
    service.kill()
    shutil.rmtree(folder)
    # Its state speaks of positions that a new log does not have.
    with pytest.raises(
        AssertionError, match=r"log\.state: expected that of log"
    ):
        service.start()
    service.kill()
    shutil.rmtree(tmp_path / "log.state")
    service.start()
    assert get(service, "/health/ready").status == 200
