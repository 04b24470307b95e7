"""Recorded events: files with one event in each line."""

import gzip
import os
from collections.abc import Iterable, Iterator
from typing import IO

from streamer._core import Event, event_from_line
from streamer.errors import EventError, InvalidArgument

__all__ = ["read_ndjson"]

_GZIP_MAGIC = b"\x1f\x8b"


def read_ndjson(
    source: str | os.PathLike[str] | Iterable[bytes | str], /
) -> Iterator[Event]:
    r"""Read events from a file, one in each line.

    A line is ``{event_id?, tenant, collection, id, op, doc?, before?,
    timestamp?}`` or a ``ChangeEvent`` of ``syntrix.puller.v1`` as proto-JSON.
    Blank lines are skipped.

    Parameters
    ----------
    source : str, path, or iterable of lines
        A path, of a plain or a gzip file (told by its content); or an open
        file or any iterable of lines as ``bytes`` or ``str``, which is not
        closed.

    Returns
    -------
    iterator of Event
        Reads as far as it is iterated over, and closes what it opened.

    Raises
    ------
    EventError
        A line is malformed; the message names file and line, ``index`` is the
        number of events before it.
    OSError
        The file cannot be read.

    Examples
    --------
    >>> import streamer
    >>> lines = [
    ...     b'{"tenant": "t", "collection": "rooms", "id": "r1",'
    ...     b' "op": "insert", "doc": {"seats": 4}}\n'
    ... ]
    >>> [event.document["seats"] for event in streamer.read_ndjson(lines)]
    [4]
    """
    if isinstance(source, (str, os.PathLike)):
        return _read_path(os.fspath(source))
    name = getattr(source, "name", "<lines>")
    return _read_lines(source, str(name))


def _read_path(path: str) -> Iterator[Event]:
    with _open(path) as lines:
        yield from _read_lines(lines, path)


def _open(path: str) -> IO[bytes] | gzip.GzipFile:
    with open(path, "rb") as file:
        is_compressed = file.read(2) == _GZIP_MAGIC
    return gzip.open(path, "rb") if is_compressed else open(path, "rb")


def _read_lines(lines: Iterable[bytes | str], name: str) -> Iterator[Event]:
    index = 0
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            event = event_from_line(line)
        except InvalidArgument as error:
            raise EventError(f"{name}:{number}: {error}", index) from None
        yield event
        index += 1
