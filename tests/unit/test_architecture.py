"""The rooms of the library, and the arrows between them, are those of ARCHITECTURE.md."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from itertools import permutations
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "dorc_runtime"
PAGE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
# From the top to the bottom; local, operate and deploy stand side by side.
ORDER = ("tasks", "testing", "local", "operate", "deploy", "project", "runs", "compile", "model",
         "errors")  # fmt: skip
SIDE_BY_SIDE = set(permutations(("local", "operate", "deploy"), 2))
# Which rooms inside a room know which others there.
INSIDE: dict[str, dict[str, set[str]]] = {
    "local": {
        "aws": {"interpreter", "seeds"},
        "interpreter": {"functions", "jsonata"},
        "functions": {"http", "libraries", "sandbox"},
        "http": set(),
        "libraries": set(),
        "sandbox": set(),
        "jsonata": set(),
        "plan": {"aws", "functions", "http", "interpreter", "seeds"},
        "seeds": set(),
    },
    "deploy": {
        "driver": set(),
        "alert_function": set(),
        "programs": {"alert_function", "components"},
        "components": set(),
        "secret_stores": {"driver"},
        "synth": {"driver", "programs", "state_store"},
        "state_store": {"driver"},
    },
    "operate": {
        "letters": set(),
        "logs": set(),
        "status": set(),
        "backfill": {"cost"},
        "cost": set(),
    },
    "compile": {
        "document": {"permissions", "expressions"},
        "permissions": {"triggers"},
        "triggers": set(),
        "expressions": set(),
    },
    "model": {"steps": {"expressions"}, "expressions": set()},
    "project": {
        "template": set(),
        "images": set(),
        "environment_values": {"template"},
        "editors": set(),
    },
    "tasks": {"drawings": set()},
    "testing": {"examples": set(), "faults": set(), "reports": set()},
}
TOOLS = ("boto3", "botocore", "copier", "invoke", "pulumi", "pulumi_aws", "pulumi_docker")
MOST_FILES = 10
# Folders that are lists of like things may have more files.
LISTS = {
    "benchmarks",
    "dorc_runtime/deploy/components",
    "dorc_runtime/tasks",
    "dorc_runtime/tasks/drawings",
}


def modules(room: str) -> list[Path]:
    single = LIBRARY / f"{room}.py"
    return [single] if single.is_file() else sorted((LIBRARY / room).rglob("*.py"))


def module_name(file: Path) -> str:
    parts = file.relative_to(LIBRARY.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {module_name(file) for file in LIBRARY.rglob("*.py")}


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: imports are written in full"
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from {name if name in NAMES else str(node.module) for name in inner}


def test_the_page_names_every_room_and_no_other() -> None:
    named = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    rooms = {path.stem for path in LIBRARY.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert sorted(named) == sorted(rooms - {"__init__", "__pycache__"})
    assert sorted(named) == sorted(ORDER)


@pytest.mark.parametrize("room", INSIDE)
def test_the_page_names_every_room_inside_a_room(room: str) -> None:
    rooms = {file.parent.name for file in (LIBRARY / room).glob("*/__init__.py")}
    assert rooms == set(INSIDE[room]) - {""}
    assert all(f"`{room}/{inner}`" in PAGE for inner in rooms)


@pytest.mark.parametrize("room", ORDER)
def test_a_room_imports_only_what_lies_below_it(room: str) -> None:
    below = set(ORDER[ORDER.index(room) :])
    below -= {other for one, other in SIDE_BY_SIDE if one == room}
    for file in modules(room):
        for name in imported(file):
            if name.startswith("dorc_runtime."):
                target = name.split(".")[1]
                assert target in below, f"{file.relative_to(ROOT)} imports {name}"


@pytest.mark.parametrize("room", INSIDE)
def test_imports_inside_a_room_go_one_way(room: str) -> None:
    """The rooms inside it know those that the table above names; its own files make no circle."""
    graph: dict[str, set[str]] = defaultdict(set)
    for file in modules(room):
        own = module_name(file).split(".")[2:3]
        inner = {name.split(".")[2] for name in imported(file) if is_inside(name, room)}
        if own:
            graph[own[0]] |= inner - set(own)
    for name, known in INSIDE[room].items():
        assert graph[name] & set(INSIDE[room]) <= known, f"{room}/{name} imports {graph[name]}"
    check_acyclic(graph)


def is_inside(name: str, room: str) -> bool:
    return name.startswith(f"dorc_runtime.{room}.") and name in NAMES


def test_no_module_imports_itself_in_a_circle() -> None:
    # The one door of the library names the programs, for type checkers alone.
    names = NAMES - {"dorc_runtime"}
    graph = {
        own: {name for name in imported(file) if name in names and name != own}
        for file in LIBRARY.rglob("*.py")
        if (own := module_name(file)) in names
    }
    check_acyclic(graph)


def check_acyclic(graph: Mapping[str, set[str]]) -> None:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_only_lists_of_like_things_have_over_ten_files() -> None:
    counts = {
        str(folder.relative_to(ROOT)): sum(
            file.name not in ("__init__.py", "conftest.py") for file in folder.glob("*.py")
        )
        for top in (LIBRARY, ROOT / "tests", ROOT / "benchmarks")
        for folder in (top, *top.rglob("*"))
        if folder.is_dir()
    }
    large = {name: count for name, count in counts.items() if count > MOST_FILES}
    assert set(large) <= LISTS, large


def test_two_modules_have_one_name_only_as_twins() -> None:
    """A command and the work that it starts; what a user writes and what it becomes on AWS."""
    places = defaultdict(set)
    for name in NAMES - {"dorc_runtime"}:
        places[name.rpartition(".")[2]].add(name)
    same = {stem: names for stem, names in places.items() if len(names) > 1}
    wrong = {
        stem: names
        for stem, names in same.items()
        if len(names) > 2
        or not {name.split(".")[1] for name in names} & {"tasks", "model"}
        or {name.split(".")[1] for name in names} == {"tasks", "model"}
    }
    assert wrong == {}
    assert all(f"`{stem}`" in PAGE for stem in same), sorted(same)


def test_the_model_imports_nothing_inside_a_function() -> None:
    for file in modules("model"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        inside = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
        assert {node.col_offset for node in inside} <= {0}, file


@pytest.mark.parametrize("room", ["model", "compile", "runs", "errors"])
def test_values_and_documents_need_no_tool_and_no_cloud(room: str) -> None:
    for file in modules(room):
        tools = {name.split(".")[0] for name in imported(file)} & set(TOOLS)
        assert not tools, f"{file.relative_to(ROOT)} imports {tools}"


def test_every_path_that_the_page_names_exists() -> None:
    paths = re.findall(r"`([\w./]+(?:/|\.py|\.yml|\.md))`", PAGE)
    missing = [
        path for path in paths if not (ROOT / path).exists() and not (LIBRARY / path).exists()
    ]
    assert paths
    assert missing == []
