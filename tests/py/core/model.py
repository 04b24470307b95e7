"""The slow truth: structured filters and the core, in plain Python.

Written from the design documents alone.  It shares no code with the core and
takes no short cut: every condition is evaluated on every event.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

Condition = tuple[str, str, Any]

_SPELLINGS = {
    "eq": "==",
    "ne": "!=",
    "gt": ">",
    "gte": ">=",
    "lt": "<",
    "lte": "<=",
    "array-contains": "contains",
}


class _EvaluationError(Exception):
    """The condition has no boolean value on this document."""


def _split(path: str) -> list[str]:
    r"""Return the segments of a dotted path, in which ``\.`` is a dot."""
    segments = [""]
    characters = iter(path)
    for character in characters:
        if character == "\\":
            segments[-1] += next(characters)
        elif character == ".":
            segments.append("")
        else:
            segments[-1] += character
    return segments


def _find(document: Any, path: str) -> Any:
    segments = ["id"] if path == "_id" else _split(path)
    for segment in segments:
        if not isinstance(document, dict) or segment not in document:
            raise _EvaluationError
        document = document[segment]
    return document


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return "number"
    return {str: "string", list: "list", tuple: "list", dict: "map"}[
        type(value)
    ]


def _as_numbers(left: Any, right: Any) -> tuple[Any, Any]:
    """Compare integers exactly; with a double, as doubles."""
    if isinstance(left, float) or isinstance(right, float):
        return float(left), float(right)
    return left, right


def equal(left: Any, right: Any) -> bool:
    """Return CEL's ``left == right``."""
    if _kind(left) != _kind(right):
        return False
    if _kind(left) == "number":
        left, right = _as_numbers(left, right)
        return bool(left == right)
    if _kind(left) == "list":
        return len(left) == len(right) and all(map(equal, left, right))
    if _kind(left) == "map":
        return left.keys() == right.keys() and all(
            equal(left[key], right[key]) for key in left
        )
    return bool(left == right)


def _less(left: Any, right: Any) -> bool:
    if _kind(left) != _kind(right) or _kind(left) in ("null", "list", "map"):
        raise _EvaluationError
    if _kind(left) == "number":
        left, right = _as_numbers(left, right)
    return bool(left < right)


def _contains(container: Any, value: Any) -> bool:
    if _kind(container) == "list":
        return any(equal(item, value) for item in container)
    if _kind(container) == "map":
        return isinstance(value, str) and value in container
    raise _EvaluationError


def _holds(condition: Condition, document: dict[str, Any]) -> bool:
    path, op, operand = condition
    value = _find(document, path)
    match _SPELLINGS.get(op, op):
        case "==":
            return equal(value, operand)
        case "!=":
            return not equal(value, operand)
        case "<":
            return _less(value, operand)
        case ">":
            return _less(operand, value)
        case "<=":
            return _less(value, operand) or equal(value, operand)
        case ">=":
            return _less(operand, value) or equal(value, operand)
        case "in":
            return any(equal(value, item) for item in operand)
        case "contains":
            return _contains(value, operand)
    raise ValueError(op)


def matches(conditions: list[Condition], document: dict[str, Any]) -> bool:
    """Return whether every condition is true of the document."""
    try:
        return all(_holds(condition, document) for condition in conditions)
    except _EvaluationError:
        return False


@dataclass
class ModelSubscription:
    """A live subscription."""

    handle: int
    id: str
    tenant: str
    collection: str
    conditions: list[Condition]
    ttl: float | None
    expires: float | None
    membership: bool
    since: int  # sees the events after so many


@dataclass
class ModelChange:
    """What the last event of a document left, and when."""

    at: int  # events before and with it
    remembered: int  # of these, those remembered; 0: this is not
    document: dict[str, Any] | None  # None: deleted


@dataclass
class ModelCore:
    """A core with one gateway: subscriptions, time, deletions, duplicates."""

    duplicate_window: float = 180.0
    remembered_documents: int = 100_000
    now: float = 0.0
    _subscriptions: dict[str, ModelSubscription] = field(default_factory=dict)
    _last_handle: int = 0
    _deleted: set[tuple[str, str, str]] = field(default_factory=set)
    _seen: dict[tuple[str, str], float] = field(default_factory=dict)
    _events: int = 0
    _remembered: int = 0
    _last: dict[tuple[str, str, str], ModelChange] = field(default_factory=dict)
    _with_images: set[tuple[str, str]] = field(default_factory=set)

    def subscribe(
        self,
        id: str,  # noqa: A002
        tenant: str,
        collection: str,
        conditions: list[Condition],
        ttl: float | None,
        membership: bool = False,
    ) -> int:
        """Add a subscription under a new id; return its handle."""
        self._last_handle += 1
        self._subscriptions[id] = ModelSubscription(
            self._last_handle,
            id,
            tenant,
            collection,
            conditions,
            ttl,
            None if ttl is None else self.now + ttl,
            membership,
            self._events,
        )
        return self._last_handle

    def unsubscribe(self, id: str) -> bool:  # noqa: A002
        """Return whether there was one."""
        was_there = self._subscriptions.pop(id, None) is not None
        self._forget_collections()
        return was_there

    def renew(self, id: str) -> bool:  # noqa: A002
        """Return whether there is one."""
        subscription = self._subscriptions.get(id)
        if subscription is None:
            return False
        if subscription.ttl is not None:
            subscription.expires = self.now + subscription.ttl
        return True

    def advance(self, seconds: float) -> list[str]:
        """Return the ids that expired, in order."""
        self.now += seconds
        due = sorted(
            (subscription.expires, subscription.handle, subscription.id)
            for subscription in self._subscriptions.values()
            if subscription.expires is not None
            and subscription.expires <= self.now
        )
        for _, _, id_ in due:
            del self._subscriptions[id_]
        self._forget_collections()
        return [id_ for _, _, id_ in due]

    def live(self) -> list[str]:
        """Return the ids, ascending by handle."""
        return list(self._subscriptions)

    def ingest(
        self, event: dict[str, Any]
    ) -> tuple[str, list[str], list[str | None]] | None:
        """Return operation, ids and memberships of the delivery, if any."""
        self._events += 1
        if self._is_duplicate(event):
            return None
        operation = self._normalise(event)
        if operation is None:
            return None
        concerned = self._of(event["tenant"], event["collection"])
        number = self._number(event, operation, concerned)
        told = [
            (subscription.id, membership)
            for subscription in concerned
            for membership in self._told(subscription, event, operation, number)
        ]
        is_gone = operation == "delete"
        self._last[self._key(event)] = ModelChange(
            self._events,
            number,
            None if is_gone else self._flatten(event, event.get("doc"), False),
        )
        if not told:
            return None
        memberships = [membership for _, membership in told]
        if not any(memberships):
            memberships = []
        return operation, [id_ for id_, _ in told], memberships

    @staticmethod
    def _key(event: dict[str, Any]) -> tuple[str, str, str]:
        return event["tenant"], event["collection"], event["id"]

    def _of(self, tenant: str, collection: str) -> list[ModelSubscription]:
        return [
            subscription
            for subscription in self._subscriptions.values()
            if (subscription.tenant, subscription.collection)
            == (tenant, collection)
        ]

    def _forget_collections(self) -> None:
        """Know nothing of what nobody subscribes to."""
        self._with_images = {
            name for name in self._with_images if self._of(*name)
        }

    def _number(
        self,
        event: dict[str, Any],
        operation: str,
        concerned: list[ModelSubscription],
    ) -> int:
        """Count the event if it is one that is remembered."""
        if not any(each.membership for each in concerned):
            return 0
        name = event["tenant"], event["collection"]
        if operation != "insert":
            if event.get("before") is None:
                self._with_images.discard(name)
            else:
                self._with_images.add(name)
        if name in self._with_images:
            return 0
        self._remembered += 1
        return self._remembered

    def _told(
        self,
        subscription: ModelSubscription,
        event: dict[str, Any],
        operation: str,
        number: int,
    ) -> list[str | None]:
        """Return what the subscription is told of the event, if anything."""
        is_gone = operation == "delete"
        document = self._flatten(event, event.get("doc"), is_gone)
        holds = matches(subscription.conditions, document)
        if not subscription.membership:
            return [None] if holds else []
        is_in = holds and not is_gone
        was_in = self._was_in(subscription, event, operation, number)
        if was_in is None:
            return ["unknown_in" if is_in else "unknown_out"]
        if is_in:
            return ["changed" if was_in else "entered"]
        return ["left"] if was_in else []

    def _was_in(
        self,
        subscription: ModelSubscription,
        event: dict[str, Any],
        operation: str,
        number: int,
    ) -> bool | None:
        """Return whether the document was in before; None: nobody knows."""
        image = event.get("before")
        if image is not None:
            return image.get("deleted") is not True and matches(
                subscription.conditions, self._flatten(event, image, False)
            )
        if operation == "insert":
            return False
        last = self._last.get(self._key(event))
        if (
            last is None
            or last.at <= subscription.since
            or last.remembered == 0
            or last.remembered + self.remembered_documents <= number
        ):
            return None
        return last.document is not None and matches(
            subscription.conditions, last.document
        )

    def _is_duplicate(self, event: dict[str, Any]) -> bool:
        event_id = event.get("event_id")
        if event_id is None:
            return False
        fingerprint = (event_id, json.dumps(event, sort_keys=True))
        first_seen = self._seen.get(fingerprint)
        is_recent = (
            first_seen is not None
            and self.now - first_seen <= self.duplicate_window
        )
        if not is_recent:
            self._seen[fingerprint] = self.now
        return is_recent

    def _normalise(self, event: dict[str, Any]) -> str | None:
        key = (event["tenant"], event["collection"], event["id"])
        image = event.get("before") or {}
        was_deleted = key in self._deleted or image.get("deleted") is True
        document = event.get("doc") or {}
        if event["op"] == "delete":
            self._deleted.add(key)
            return None if was_deleted else "delete"
        if event["op"] != "insert" and document.get("deleted") is True:
            self._deleted.add(key)
            return "delete"
        self._deleted.discard(key)
        if event["op"] == "insert" or was_deleted:
            return "insert"
        if event["op"] == "replace" and document.get("version") == 1:
            return "insert"
        return "update"

    @staticmethod
    def _flatten(
        event: dict[str, Any], fields: dict[str, Any] | None, is_gone: bool
    ) -> dict[str, Any]:
        identity = {"id": event["id"], "collection": event["collection"]}
        document = dict(fields or {})
        document.pop("deleted", None)
        if is_gone:
            identity["deleted"] = True
        return {**document, **identity}
