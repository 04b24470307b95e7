"""A client that knows nothing but the port: it asks the server for the rest."""

import json
import threading

import grpc
import pytest
from google.protobuf import descriptor_pool, message_factory
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
from streamerd import PATIENCE

SERVICE = "syntrix.streamer.v1.StreamerService"


@pytest.fixture
def channel(streamerd):
    with grpc.insecure_channel(streamerd.target) as channel:
        yield channel


@pytest.fixture
def database(channel):
    return ProtoReflectionDescriptorDatabase(channel)


def test_reflection_lists_the_services_of_the_port(database):
    assert sorted(database.get_services()) == [
        "grpc.health.v1.Health",
        "grpc.reflection.v1alpha.ServerReflection",
        SERVICE,
    ]


def test_a_client_made_from_reflection_subscribes_and_gets_its_event(
    streamerd, channel, database
):
    pool = descriptor_pool.DescriptorPool(database)
    method = pool.FindServiceByName(SERVICE).FindMethodByName("Stream")
    assert method.client_streaming
    assert method.server_streaming
    request = message_factory.GetMessageClass(method.input_type)
    response = message_factory.GetMessageClass(method.output_type)
    stream = channel.stream_stream(
        f"/{SERVICE}/{method.name}",
        request_serializer=request.SerializeToString,
        response_deserializer=response.FromString,
    )

    def requests():
        yield request(
            subscribe={
                "subscription_id": "late",
                "tenant": "nyc",
                "collection": "flights",
                "filters": [
                    {
                        "field": "delay",
                        "op": ">",
                        "value": {"int_value": 60},
                    }
                ],
            }
        )
        answered.wait(PATIENCE)
        streamerd.ingest([flight("punctual", 5), flight("late", 90)])
        # Keeps the stream open until the delivery has been read.
        delivered.wait(PATIENCE)

    answered, delivered = threading.Event(), threading.Event()
    call = stream(requests(), timeout=PATIENCE)
    answer = next(call).subscribe_response
    assert answer.subscription_id == "late"
    assert answer.success
    answered.set()
    delivery = next(call).delivery
    delivered.set()
    assert list(delivery.subscription_ids) == ["late"]
    assert delivery.event.event_id == "late"
    assert json.loads(delivery.event.document_data)["delay"] == 90
    assert list(call) == []
    assert call.code() == grpc.StatusCode.OK


def flight(name, delay):
    return {
        "event_id": name,
        "tenant": "nyc",
        "collection": "flights",
        "id": name,
        "op": "insert",
        "doc": {"delay": delay},
    }
