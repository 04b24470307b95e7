import itertools

import pytest
from plain_wire import PlainGateway, compile_wire
from scripted_puller import ScriptedPuller
from streamerd import Streamerd


@pytest.fixture(scope="session")
def wire(tmp_path_factory):
    """The plain wire's message classes."""
    return compile_wire(tmp_path_factory.mktemp("wire"))


@pytest.fixture
def scripted_puller(puller_wire):
    """A puller that sends what the test says, ended after it."""
    puller = ScriptedPuller(puller_wire)
    yield puller
    puller.stop()


@pytest.fixture
def start(tmp_path):
    """Starts a streamerd with options; all end after the test."""
    processes = []

    def start_one(*options, environment=None):
        log = tmp_path / f"streamerd{len(processes)}.log"
        processes.append(Streamerd(log, *options, environment=environment))
        processes[-1].start()
        return processes[-1]

    yield start_one
    for process in processes:
        process.kill()


@pytest.fixture
def connect(wire):
    """Connects plain gateways to a streamerd; all end after the test."""
    gateways = []

    def connect_one(service):
        gateways.append(PlainGateway(wire, service.target))
        return gateways[-1]

    yield connect_one
    for gateway in gateways:
        gateway.close()


@pytest.fixture
def gateway_of(whole_wire):
    """Connects gateways that know the whole wire; all end after the test."""
    gateways = []

    def connect_one(service, metadata=()):
        gateways.append(
            PlainGateway(whole_wire, service.target, metadata=metadata)
        )
        return gateways[-1]

    yield connect_one
    for gateway in gateways:
        gateway.close()


@pytest.fixture
def events():
    """Makes events of tenant t, collection c, numbered from 1."""
    numbers = itertools.count(1)

    def make(count=1, **document):
        return [
            {
                "event_id": f"e{number}",
                "tenant": "t",
                "collection": "c",
                "id": f"d{number}",
                "op": "insert",
                "doc": {"number": number, **document},
            }
            for number in itertools.islice(numbers, count)
        ]

    return make
