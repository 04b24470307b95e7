"""What may have been missed, in process."""

import json

import pytest
import streamer
from streamer import _core

ROOMS = {"tenant": "t", "collection": "rooms"}


@pytest.fixture
def core():
    return streamer.Core()


def delete_of_unknown(number):
    """Return a deletion of which nobody can say what it deleted."""
    return _core.event_from_line(
        json.dumps(
            {
                "event_id": f"e{number}",
                "tenant": "t",
                "mgo_coll": "docs",
                "mgo_doc_id": f"t:{number}",
                "op_type": "delete",
            }
        )
    )


class TestGaps:
    def test_close_a_gateway_that_can_subscribe_again(self, core):
        core.subscribe("s1", **ROOMS)
        core.ingest(delete_of_unknown(1))
        [notice] = core.notices()
        assert notice.kind == "gateway_closed"
        assert core.subscriptions() == []
        core.subscribe("s1", **ROOMS)
        assert (
            len(core.ingest({**ROOMS, "id": "r", "op": "insert", "doc": {}}))
            == 1
        )

    def test_notices_that_nobody_takes_are_counted(self, core):
        for number in range(10_002):
            core.subscribe("s1", **ROOMS)
            core.ingest(delete_of_unknown(number))
        assert core.statistics()["notices_dropped"] == 2
        assert len(core.notices()) == 10_000
