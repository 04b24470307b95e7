"""Typed code as a user writes it.  Checked by test_typing.py, never run.

Where a line says what mypy finds, it must find that; nowhere else anything.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, assert_type

import streamer


def filters() -> None:
    one = streamer.Filter.where("price", ">=", 10)
    two = streamer.Filter.cel("doc.tag == 'a'")
    assert_type(one & two, streamer.Filter)
    assert_type(one.matches({"price": 7}), bool)
    assert_type(one.matches_many([b"{}", b"{}"]), list[bool])
    assert_type(one.explain("{}").sentence, str)
    streamer.Filter.where("price", "=>", 10)  # mypy finds: arg-type
    streamer.Filter.cel(10)  # mypy finds: arg-type
    one.matches(10)  # mypy finds: arg-type


def core() -> None:
    core = streamer.Core(quota_total=5)
    made = core.subscribe(
        "s1", tenant="t", collection="c", where=[("a", "in", [1, "x"])]
    )
    assert_type(made.handle, int)
    assert_type(made.expires_at_ms, int | None)
    event = streamer.Event(tenant="t", collection="c", id="1", document={})
    assert_type(core.ingest(event), list[streamer.Delivery])
    assert_type(core.ingest([event, "{}"]), list[streamer.Delivery])
    assert_type(
        core.ingest(streamer.read_ndjson(Path("events.ndjson"))),
        Iterable[streamer.Delivery],
    )
    for delivery in core.ingest([event]):
        assert_type(delivery.subscription_ids, tuple[str, ...])
        assert_type(delivery.event.document_json, bytes)
        for membership in delivery.memberships:
            if membership is not None:
                assert_type(
                    membership,
                    Literal[
                        "entered",
                        "changed",
                        "left",
                        "unknown_in",
                        "unknown_out",
                    ],
                )
    assert_type(core.statistics(), dict[str, int])
    core.advance(300)  # mypy finds: call-arg
    core.subscribe("s1", tenant="t")  # mypy finds: call-arg
    made.handle = 2  # mypy finds: misc


def events() -> Iterator[streamer.Event]:
    yield from streamer.read_ndjson("events.ndjson")
    streamer.Event(
        tenant="t",
        collection="c",
        id="1",
        op="upsert",  # mypy finds: arg-type
    )


async def client() -> None:
    async with streamer.connect("127.0.0.1:8084", gateway_id="g1") as client:
        made = await client.subscribe(tenant="t", collection="c")
        assert_type(made, streamer.Subscription)
        await client.unsubscribe(made)
        assert_type(await client.next_batch(limit=5), list[streamer.Delivery])
        async for delivery in client:
            assert_type(delivery, streamer.Delivery)

        @client.on_gap
        def reload(gap: streamer.Gap) -> None:
            assert_type(gap.subscription_ids, tuple[str, ...])
            assert_type(gap.from_progress, str)

        await client.subscribe(tenant="t")  # mypy finds: call-arg


async def session() -> None:
    async with streamer.connect(
        "127.0.0.1:8084",
        gateway_id="g1",
        session=True,
        acknowledgement="manual",
    ) as client:
        for delivery in await client.next_batch():
            assert_type(client.session_state(after=delivery), str)
            assert_type(delivery.is_redelivered, bool)
            client.acknowledge(delivery)
            for membership in delivery.memberships:
                assert membership != "gone"  # mypy finds: comparison-overlap
        client.acknowledge("s1")  # mypy finds: arg-type
        await client.subscribe(
            tenant="t",
            collection="c",
            membership=True,
            resume_after=delivery.progress,
            ttl=60,
        )
        await client.subscribe(
            tenant="t",
            collection="c",
            ttl=0.5,  # mypy finds: arg-type
        )
    streamer.connect(
        "127.0.0.1:8084",
        acknowledgement="never",  # mypy finds: arg-type
    )


def errors() -> None:
    try:
        streamer.Filter.cel("doc.a")
    except streamer.FilterError as error:
        assert_type(error.position, streamer.Position | None)
    except streamer.QuotaExceeded as error:
        error.scope.upper()  # mypy finds: union-attr
