"""Every public name is documented, truly, and its examples run."""

import doctest
import inspect
import re

import pytest
import streamer
from streamer import _client, _core, cel

_OPTIONS = doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL
# Made by the module only, so nobody calls their constructors.
_NOT_CONSTRUCTED = {
    "CelNode",
    "CelProgram",
    "Client",
    "Delivery",
    "ExplainedNode",
    "Explanation",
    "Filter",
    "Ingestion",
    "Node",
    "Notice",
    "Program",
    "Session",
    "Subscription",
    "SubscriptionInfo",
}


def _members(owner):
    """The public attributes that a class defines itself.

    The fields of a tuple are documented as its parameters.
    """
    fields = getattr(owner, "_fields", ())
    return {
        name: getattr(owner, name)
        for name in vars(owner)
        if not name.startswith("_") and name not in fields
    }


def _documented():
    """Every object that a module shows, each once, by its full name."""
    found = {}
    for module in (streamer, cel, _core, _client):
        for name, value in vars(module).items():
            if name not in getattr(module, "__all__", (name,)):
                continue
            if name.startswith("_"):
                continue
            found.setdefault(id(value), (f"{module.__name__}.{name}", value))
            if not inspect.isclass(value):
                continue
            for member, what in _members(value).items():
                full_name = f"{module.__name__}.{name}.{member}"
                found.setdefault(id(what), (full_name, what))
    return dict(found.values())


_DOCUMENTED = _documented()


def _section(doc, title):
    """Return the body of a numpydoc section; None when there is none."""
    match = re.search(
        rf"^{title}\n-{{3,}}\n(.*?)(?=^\w[\w ]*\n-{{3,}}\n|\Z)",
        inspect.cleandoc(doc),
        re.MULTILINE | re.DOTALL,
    )
    return match and match.group(1)


def _documented_parameters(doc):
    section = _section(doc, "Parameters") or ""
    names = []
    for line in section.splitlines():
        if line[:1].strip() and " : " in line:
            names += re.split(r", ?", line.split(" : ")[0])
    return names


def _parameters(value):
    return [
        name for name in inspect.signature(value).parameters if name != "self"
    ]


def _is_callable_to_check(full_name, value):
    name = full_name.split(".")[-1]
    if inspect.isclass(value):
        # Exceptions take a message, as all do, unless they define more.
        is_plain_error = issubclass(value, Exception) and (
            "__init__" not in vars(value)
        )
        return not is_plain_error and name not in _NOT_CONSTRUCTED
    return callable(value)


class TestEveryPublicName:
    def test_is_listed_once_in_order(self):
        assert streamer.__all__ == sorted(set(streamer.__all__))

    @pytest.mark.parametrize("full_name", _DOCUMENTED)
    def test_has_a_docstring_that_begins_with_a_sentence(self, full_name):
        doc = inspect.getdoc(_DOCUMENTED[full_name])
        assert doc, "no docstring"
        summary = doc.split("\n\n")[0]
        assert summary.endswith("."), summary
        assert len(summary) < 200, "a summary is one sentence"

    @pytest.mark.parametrize(
        "full_name",
        [
            name
            for name, value in _DOCUMENTED.items()
            if _is_callable_to_check(name, value)
        ],
    )
    def test_documents_exactly_its_parameters(self, full_name):
        value = _DOCUMENTED[full_name]
        documented = _documented_parameters(inspect.getdoc(value))
        assert documented == _parameters(value)

    @pytest.mark.parametrize("full_name", _DOCUMENTED)
    def test_has_its_sections_in_order(self, full_name):
        doc = inspect.getdoc(_DOCUMENTED[full_name])
        order = ["Parameters", "Returns", "Raises", "Notes", "Examples"]
        titles = re.findall(r"^(\w+)\n-{3,}$", doc, re.MULTILINE)
        assert titles == [title for title in order if title in titles]

    @pytest.mark.parametrize(
        "full_name",
        [
            name
            for name in _DOCUMENTED
            if name.startswith("streamer.")
            and name.count(".") == 1
            and inspect.isclass(_DOCUMENTED[name])
            and name.split(".")[1]
            not in (
                # Need a service that is not there.
                "ClosedError",
                "ConnectionLost",
                "PermissionDenied",
                "Unavailable",
            )
        ],
    )
    def test_shows_an_example(self, full_name):
        assert _section(inspect.getdoc(_DOCUMENTED[full_name]), "Examples")

    @pytest.mark.parametrize(
        "full_name",
        [
            name
            for name, value in _DOCUMENTED.items()
            if ">>>" in (inspect.getdoc(value) or "")
        ],
    )
    def test_has_examples_that_run(self, full_name):
        test = doctest.DocTestParser().get_doctest(
            inspect.getdoc(_DOCUMENTED[full_name]), {}, full_name, None, None
        )
        runner = doctest.DocTestRunner(optionflags=_OPTIONS)
        output = []
        runner.run(test, out=output.append)
        assert runner.failures == 0, "".join(output)


class TestSignatures:
    """What help() shows is what pybind11 accepts."""

    @pytest.mark.parametrize(
        "full_name",
        [
            name
            for name, value in _DOCUMENTED.items()
            if inspect.isbuiltin(value)
        ],
    )
    def test_names_the_arguments_that_are_taken(self, full_name):
        value = _DOCUMENTED[full_name]
        with pytest.raises(TypeError) as caught:
            value(*[object()] * 20)
        accepted = re.search(r"^    1\. \((.*)\) -> ", str(caught.value), re.M)
        taken = re.findall(r"(?:^|, )(\w+): ", accepted.group(1))
        assert [name for name in taken if name != "self"] == _parameters(value)
