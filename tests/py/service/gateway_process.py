"""A gateway that is a process: prints the events that it is delivered.

usage: gateway_process.py <target> <subscription id>
"""

import sys
import tempfile
from pathlib import Path

from plain_wire import PlainGateway, compile_wire


def main() -> None:
    """Subscribe to everything; print one line an event, for ever."""
    target, subscription_id = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        wire = compile_wire(Path(folder))
    with PlainGateway(wire, target) as gateway:
        gateway.subscribe_successfully(subscription_id)
        print("subscribed", flush=True)
        for message in gateway.call:
            assert list(message.delivery.subscription_ids) == [subscription_id]
            print(message.delivery.event.event_id, flush=True)


if __name__ == "__main__":
    main()
