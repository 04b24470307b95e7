"""What a plain gateway that comes back finds of its subscriptions."""

import grpc
import pytest
from breakable_proxy import BreakableProxy
from calls import active_subscriptions
from streamerd import wait_until
from test_durability import log_options


@pytest.fixture
def proxy(streamerd):
    """A way to the service that can be broken, closed after the test."""
    way = BreakableProxy(streamerd.grpc_port)
    yield way
    way.close()


def wait_for_end(service):
    """Wait until the service knows that its only gateway is gone."""
    wait_until(lambda: active_subscriptions(service) == 0, "the end")


def ids_up_to(gateway, last):
    """Read deliveries to the event `last`; return the ids of all."""
    ids = []
    while not ids or ids[-1] != last:
        ids += gateway.event_ids(1)
    return ids


class TestBrokenStreams:
    @pytest.mark.parametrize("how", ["cancel", "reset", "finish"])
    def test_the_same_asked_for_again_misses_nothing(
        self, streamerd, proxy, connect, events, how
    ):
        gateway = connect(proxy)
        gateway.subscribe_successfully("s")
        streamerd.ingest(events(1))
        assert gateway.event_ids(1) == ["e1"]
        if how == "cancel":
            gateway.call.cancel()
        else:
            getattr(proxy, how)()
        wait_for_end(streamerd)
        streamerd.ingest(events(1))
        again = connect(streamerd)
        again.subscribe_successfully("s")
        streamerd.ingest(events(1))
        # And what was written in the last second.
        assert ids_up_to(again, "e3")[-2:] == ["e2", "e3"]

    def test_a_document_that_no_message_can_carry_is_passed_once(
        self, streamerd, connect, events
    ):
        gateway = connect(streamerd)
        gateway.subscribe_successfully("s")
        streamerd.ingest(events(1))
        assert gateway.event_ids(1) == ["e1"]
        gateway.call.cancel()
        wait_for_end(streamerd)
        # It is past when it is read, and comes after what came before.
        streamerd.ingest(events(1, text="x" * (4 << 20)) + events(1))
        closed = connect(streamerd)
        closed.subscribe_successfully("s")
        messages, code, _ = closed.read_to_end()
        assert code == grpc.StatusCode.DATA_LOSS
        assert {m.delivery.event.event_id for m in messages} <= {"e1"}
        again = connect(streamerd)
        again.subscribe_successfully("s")
        assert again.event_ids(1) == ["e3"]

    def test_after_a_half_close_it_begins_anew(
        self, streamerd, connect, events
    ):
        gateway = connect(streamerd)
        gateway.subscribe_successfully("s")
        streamerd.ingest(events(1))
        assert gateway.event_ids(1) == ["e1"]
        gateway.half_close()
        gateway.read_to_end()
        wait_for_end(streamerd)
        streamerd.ingest(events(1))
        again = connect(streamerd)
        again.subscribe_successfully("s")
        streamerd.ingest(events(1))
        assert ids_up_to(again, "e3") == ["e3"]


class TestRecoveryWindow:
    def options(self, folder, window):
        return [
            *log_options(folder),
            f"--soft_state.recovery_window={window}",
            # Nothing is saved: the low-watermark stays where it was.
            "--state.save_interval=1h",
            "--state.save_events=1000000",
        ]

    def test_after_a_crash_it_goes_on_from_the_low_watermark(
        self, start, connect, tmp_path, events
    ):
        service = start(*self.options(tmp_path / "log", "1h"))
        gateway = connect(service)
        gateway.subscribe_successfully("s")
        service.ingest(events(3))
        assert gateway.event_ids(1) == ["e1"]
        service.kill()
        service.start()
        again = connect(service)
        again.subscribe_successfully("s")
        service.ingest(events(1))
        # Nobody knows which of them the broken stream has carried.
        assert again.event_ids(4) == ["e1", "e2", "e3", "e4"]

    @pytest.mark.parametrize("ends", ["cleanly", "late"])
    def test_otherwise_it_begins_anew(
        self, start, connect, tmp_path, events, ends
    ):
        window = "1h" if ends == "cleanly" else "0s"
        service = start(*self.options(tmp_path / "log", window))
        gateway = connect(service)
        gateway.subscribe_successfully("s")
        service.ingest(events(2))
        assert gateway.event_ids(2) == ["e1", "e2"]
        if ends == "cleanly":
            assert service.stop() == 0
        else:
            service.kill()
        service.start()
        again = connect(service)
        again.subscribe_successfully("s")
        service.ingest(events(1))
        assert again.event_ids(1) == ["e3"]
