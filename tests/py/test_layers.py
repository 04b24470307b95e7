"""The folders of cpp/ keep to the table in cpp/README.md.

The rules are functions from a tree to a list of violations. Each is run on
the real tree, where it must find nothing, and on a small bad tree made for
it, where it must find exactly what is wrong: so no rule passes by blindness.
"""

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]

# The folders that own no thread, clock, socket or random number.
PURE_FOLDERS = "base value cel filter event index match core".split()
WIRE_FOLDERS = ("transport", "client")
README_LINES = 15
FORBIDDEN_WORDS = {"util", "utils", "common", "helper", "helpers", "misc"}

IMPURE_INCLUDE = re.compile(
    r"""^(thread|mutex|shared_mutex|condition_variable|future|random|semaphore
    |latch|barrier|stop_token|ctime|time\.h|pthread\.h|poll\.h|unistd\.h
    |sys/(socket|time|epoll|timerfd|random|select)\.h|netinet/.*|arpa/.*
    |boost/asio.*|boost/beast.*|grpc.*
    |absl/time/clock\.h|absl/synchronization/.*|absl/random/.*)$""",
    re.VERBOSE,
)
IMPURE_CALL = re.compile(
    r"(?:::now\s*\(\s*\)|\babsl::Now\s*\(|\bs?rand\s*\(|\bgetrandom\s*\("
    r"|\bclock_gettime\s*\(|\bgettimeofday\s*\(|\bstd::time\s*\()"
)
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.MULTILINE)
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
TABLE_ROW = re.compile(r"^\| `(\w+)/` \|[^|]*\|([^|]*)\|$", re.MULTILINE)
LIBRARY = re.compile(r"streamer_library\(([^)]*)\)")


def named_folders(cell: str, above: list[str]) -> set[str]:
    """Return the folders that the last cell of a row names."""
    if cell.strip() == "–":
        return set()
    if cell.strip() == "all but python":
        return set(above) - {"python"}
    return {word for word in re.split(r"[;,\s]+", cell.strip()) if word}


def read_table(tree: Path) -> dict[str, set[str]]:
    """Return what each folder may include, itself and transitive ones too."""
    allowed: dict[str, set[str]] = {}
    text = (tree / "cpp/README.md").read_text()
    for folder, cell in TABLE_ROW.findall(text):
        reach = {folder}
        for name in named_folders(cell, list(allowed)):
            if name not in allowed:
                raise ValueError(
                    f"cpp/README.md: expected a folder of a row above that "
                    f"of {folder}/, got {name!r}"
                )
            reach |= allowed[name]
        allowed[folder] = reach
    return allowed


def folders(tree: Path) -> list[str]:
    """Return the folders of cpp/ that hold any file."""
    return sorted(
        path.name
        for path in (tree / "cpp").iterdir()
        if path.is_dir() and any(item.is_file() for item in path.rglob("*"))
    )


def sources(tree: Path, folder: str) -> list[Path]:
    """Return the C++ files of a folder of cpp/."""
    return sorted(
        path
        for path in (tree / "cpp" / folder).rglob("*")
        if path.suffix in {".h", ".cc"}
    )


def includes(path: Path) -> list[tuple[str, str]]:
    """Return (`"` or `<`, name) of each include of a file."""
    return INCLUDE.findall(COMMENT.sub("", path.read_text()))


def place(tree: Path, path: Path) -> str:
    """Return a path as it is named in a violation."""
    return path.relative_to(tree).as_posix()


def unlisted_folders(tree: Path) -> list[str]:
    """Every folder has a row."""
    table = read_table(tree)
    return [
        f"cpp/{name}: has no row in cpp/README.md"
        for name in folders(tree)
        if name not in table
    ]


def wrong_includes(tree: Path) -> list[str]:
    """A folder includes only what its row allows, named from cpp/."""
    table = read_table(tree)
    found = []
    for folder in set(folders(tree)) & set(table):
        for path in sources(tree, folder):
            for quote, name in includes(path):
                target = name.split("/")[0]
                if quote == '"' and "/" not in name.lstrip("./"):
                    found.append(
                        f"{place(tree, path)}: {name} is not named from cpp/"
                    )
                elif target in table and target not in table[folder]:
                    found.append(
                        f"{place(tree, path)}: {folder}/ may not include {name}"
                    )
    return sorted(found)


def foreign_internals(tree: Path) -> list[str]:
    """Nobody includes the internal/ of another folder."""
    return [
        f"{place(tree, path)}: {name} is private to its folder"
        for folder in folders(tree)
        for path in sources(tree, folder)
        for _, name in includes(path)
        if "/internal/" in name
        and name.split("/")[0] in folders(tree)
        and name.split("/")[0] != folder
    ]


def stray_wire_types(tree: Path) -> list[str]:
    """The gateways' wire types stay in transport/ and client/."""
    return [
        f"{place(tree, path)}: wire type {name} outside transport/ and client/"
        for folder in folders(tree)
        if folder not in WIRE_FOLDERS
        for path in sources(tree, folder)
        for _, name in includes(path)
        if name.startswith("syntrix/streamer/")
    ]


def impure_code(tree: Path) -> list[str]:
    """base/ to core/ have no thread, clock, socket or random number."""
    found = []
    for folder in set(PURE_FOLDERS) & set(folders(tree)):
        for path in sources(tree, folder):
            code = COMMENT.sub("", path.read_text())
            names = [name for _, name in INCLUDE.findall(code)]
            bad = [f"<{n}>" for n in names if IMPURE_INCLUDE.match(n)]
            bad += [call.strip() for call in IMPURE_CALL.findall(code)]
            found += [
                f"{place(tree, path)}: {what} in a folder without threads, "
                f"clocks, sockets and random numbers"
                for what in bad
            ]
    return sorted(found)


def wrong_links(tree: Path) -> list[str]:
    """CMake links a folder only with what its row allows."""
    table = read_table(tree)
    found = []
    for folder in set(folders(tree)) & set(table):
        path = tree / "cpp" / folder / "CMakeLists.txt"
        text = path.read_text() if path.exists() else ""
        for words in (call.split() for call in LIBRARY.findall(text)):
            if words[0] != folder:
                found.append(f"{place(tree, path)}: declares {words[0]}")
            linked = {word.removeprefix("streamer::") for word in words[1:]}
            found += [
                f"{place(tree, path)}: {folder}/ may not link {name}/"
                for name in linked & (set(table) - table[folder])
            ]
    return sorted(found)


def readme_faults(tree: Path) -> list[str]:
    """Each folder opens with a README of at most 15 lines."""
    found = []
    for folder in folders(tree):
        path = tree / "cpp" / folder / "README.md"
        if not path.exists():
            found.append(f"cpp/{folder}: has no README.md")
            continue
        count = len(path.read_text().splitlines())
        if not 1 <= count <= README_LINES:
            found.append(
                f"{place(tree, path)}: expected 1 to {README_LINES} lines, "
                f"got {count}"
            )
    return found


def forbidden_names(tree: Path) -> list[str]:
    """No file or folder is named as a dumping ground."""
    roots = [
        tree / name for name in ("cpp", "python", "tests", "bench", "scripts")
    ]
    return sorted(
        f"{place(tree, path)}: a name that lets anything in"
        for root in roots
        if root.exists()
        for path in root.rglob("*")
        if "__pycache__" not in path.parts
        and FORBIDDEN_WORDS & set(path.name.split(".")[0].lower().split("_"))
    )


RULES = [
    unlisted_folders,
    wrong_includes,
    foreign_internals,
    stray_wire_types,
    impure_code,
    wrong_links,
    readme_faults,
    forbidden_names,
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_tree_keeps_the_rule(rule):
    assert rule(REPOSITORY) == []


def test_the_table_names_every_layer_in_link_order():
    layers = (
        "base value cel filter event index match core store rpc "
        "runtime transport puller client gateway service python"
    )
    assert list(read_table(REPOSITORY)) == layers.split()


def test_what_a_row_allows_is_transitive():
    table = read_table(REPOSITORY)
    assert table["cel"] == {"base", "value", "cel"}
    client = "base value cel filter event rpc client"
    assert table["client"] == set(client.split())
    assert "store" not in table["core"]
    assert table["service"] == set(table) - {"python"}


TABLE = """
| folder | what lives there | may include (and whatever those may) |
| --- | --- | --- |
| `base/` | status | – |
| `value/` | values | base |
| `event/` | events | value |
| `core/` | state | event |
| `runtime/` | threads | core |
| `transport/` | wire | runtime |
"""


@pytest.fixture
def make_tree(tmp_path):
    """Return a function that writes a tree: the table, then `files`."""

    def make(files: dict[str, str], table: str = TABLE) -> Path:
        for name, text in {"cpp/README.md": table, **files}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return make


GOOD_TREE = {
    "cpp/base/README.md": "# base\n",
    "cpp/base/status.h": "#include <chrono>\n// <thread> is for others\n",
    "cpp/base/CMakeLists.txt": "streamer_library(base LIBS absl::strings)\n",
    "cpp/core/README.md": "# core\n",
    "cpp/core/shard.cc": (
        '#include "core/internal/queue.h"\n'
        '#include "base/status.h"\n'
        '#include "absl/strings/str_cat.h"\n'
        "// clock::now() is the caller's\n"
        "int operand(int strand) { return strand; }\n"
    ),
    "cpp/core/internal/queue.h": "#include <vector>\n",
    "cpp/core/CMakeLists.txt": "streamer_library(core DEPENDS event base)\n",
    "cpp/runtime/README.md": "# runtime\n",
    "cpp/runtime/loop.cc": "#include <thread>\n",
    "cpp/transport/README.md": "# transport\n",
    "cpp/transport/wire.cc": '#include "syntrix/streamer/v1/streamer.pb.h"\n',
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_good_tree_breaks_no_rule(rule, make_tree):
    assert rule(make_tree(GOOD_TREE)) == []


IMPURE = "in a folder without threads, clocks, sockets and random numbers"

BAD_TREES = [
    (
        unlisted_folders,
        {"cpp/extra/thing.h": ""},
        ["cpp/extra: has no row in cpp/README.md"],
    ),
    (
        wrong_includes,
        {"cpp/value/value.cc": '#include "event/position.h"\n'},
        ["cpp/value/value.cc: value/ may not include event/position.h"],
    ),
    (
        wrong_includes,
        {"cpp/value/value.cc": "#  include <core/shard.h>\n"},
        ["cpp/value/value.cc: value/ may not include core/shard.h"],
    ),
    (
        wrong_includes,
        {"cpp/core/internal/a.h": '#include "runtime/loop.h"\n'},
        ["cpp/core/internal/a.h: core/ may not include runtime/loop.h"],
    ),
    (
        wrong_includes,
        {"cpp/value/value.cc": '#include "value.h"\n#include "../x.h"\n'},
        [
            "cpp/value/value.cc: ../x.h is not named from cpp/",
            "cpp/value/value.cc: value.h is not named from cpp/",
        ],
    ),
    (
        foreign_internals,
        {
            "cpp/runtime/loop.cc": '#include "core/internal/queue.h"\n',
            "cpp/core/internal/queue.h": "",
        },
        ["cpp/runtime/loop.cc: core/internal/queue.h is private to its folder"],
    ),
    (
        stray_wire_types,
        {"cpp/core/a.cc": '#include "syntrix/streamer/v1/streamer.pb.h"\n'},
        [
            "cpp/core/a.cc: wire type syntrix/streamer/v1/streamer.pb.h "
            "outside transport/ and client/"
        ],
    ),
    *(
        (
            impure_code,
            {"cpp/core/a.cc": f"#include <{header}>\n"},
            [f"cpp/core/a.cc: <{header}> {IMPURE}"],
        )
        for header in (
            "thread",
            "mutex",
            "random",
            "sys/socket.h",
            "absl/time/clock.h",
            "absl/synchronization/mutex.h",
            "boost/asio/ip/tcp.hpp",
            "grpcpp/grpcpp.h",
        )
    ),
    (
        impure_code,
        {"cpp/base/a.h": "auto t = std::chrono::steady_clock::now();\n"},
        [f"cpp/base/a.h: ::now() {IMPURE}"],
    ),
    (
        impure_code,
        {"cpp/base/a.h": "int x = rand() + absl::Now();\n"},
        [
            f"cpp/base/a.h: absl::Now( {IMPURE}",
            f"cpp/base/a.h: rand( {IMPURE}",
        ],
    ),
    (
        wrong_links,
        {
            "cpp/base/CMakeLists.txt": "streamer_library(base DEPENDS core)\n",
            "cpp/core/CMakeLists.txt": (
                "streamer_library(core\n  DEPENDS event\n"
                "  LIBS streamer::runtime)\n"
            ),
        },
        [
            "cpp/base/CMakeLists.txt: base/ may not link core/",
            "cpp/core/CMakeLists.txt: core/ may not link runtime/",
        ],
    ),
    (
        wrong_links,
        {"cpp/base/CMakeLists.txt": "streamer_library(value)\n"},
        ["cpp/base/CMakeLists.txt: declares value"],
    ),
    (
        readme_faults,
        {"cpp/base/status.h": ""},
        ["cpp/base: has no README.md"],
    ),
    (
        readme_faults,
        {"cpp/base/README.md": "line\n" * 16, "cpp/core/README.md": ""},
        [
            "cpp/base/README.md: expected 1 to 15 lines, got 16",
            "cpp/core/README.md: expected 1 to 15 lines, got 0",
        ],
    ),
    *(
        (forbidden_names, {name: ""}, [f"{name}: a name that lets anything in"])
        for name in (
            "cpp/base/string_util.h",
            "cpp/base/common.cc",
            "tests/cpp/support/helpers.h",
            "python/streamer/misc.py",
        )
    ),
]


@pytest.mark.parametrize(("rule", "files", "violations"), BAD_TREES)
def test_a_bad_tree_is_caught(rule, files, violations, make_tree):
    assert rule(make_tree(files)) == violations


def test_every_rule_has_a_bad_tree():
    assert {rule for rule, _, _ in BAD_TREES} == set(RULES)


def test_a_row_may_not_name_a_folder_below_it(make_tree):
    table = "| `base/` | status | value |\n| `value/` | values | base |\n"
    with pytest.raises(ValueError, match=r".") as raised:
        read_table(make_tree({}, table))
    assert str(raised.value) == (
        "cpp/README.md: expected a folder of a row above that of base/, "
        "got 'value'"
    )
