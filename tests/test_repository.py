"""Rules about the repository itself, each with the invariant it keeps (`design/architecture.md`, `design/style.md`)."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

import penstock

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "penstock"
MODULES = sorted(SOURCE.rglob("*.py"))
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imports_of(path: Path) -> set[str]:
    """Every module a file imports, at any depth of its code, as dotted names (`from time import sleep` is `time.sleep`)."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def calls_of(path: Path) -> set[str]:
    """Every call of a dotted name."""
    return {
        ast.unparse(node.func)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute)
    }


# --- Invariant 3: time, randomness, databases and AWS each have one place ---

CLOCKS = {"time", "random", "secrets"}
READS_TIME = {
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "uuid.uuid4",
    "uuid.uuid1",
    "uuid4",
    "uuid1",
    "os.urandom",
    "asyncio.sleep",
}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_only_the_clock_reads_time_draws_numbers_or_sleeps(path: Path) -> None:
    if path == SOURCE / "clock.py" or SOURCE / "runtime" in path.parents:
        # The runtime is shipped alone into Lambda and ECS, where our clock does not exist.
        return
    roots = {name.split(".")[0] for name in imports_of(path)}
    assert not roots & CLOCKS, f"{name_of(path)} imports {roots & CLOCKS}: use penstock.clock"
    calls = {call for call in calls_of(path) if any(call == name or call.endswith(f".{name}") for name in READS_TIME)}
    calls = {call for call in calls if not re.search(r"\b_?entropy\.uuid4$", call)}
    assert not calls, f"{name_of(path)} calls {calls}: use penstock.clock"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_only_the_store_opens_a_database_and_only_tasks_and_deployment_talk_to_aws(path: Path) -> None:
    roots = {name.split(".")[0] for name in imports_of(path)}
    inside = path.relative_to(SOURCE).parts
    if inside[0] not in {"store", "runtime"}:
        assert "sqlite3" not in roots
    if inside[:2] != ("engine", "tasks") and inside[0] not in {"deploy", "runtime", "testing"}:
        # The services answer by botocore's models of the API; they call nobody.
        by_model = inside[0] == "services" or inside in (("sfn", "services.py"), ("sfn", "generating.py"))
        assert not roots & ({"boto3"} if by_model else {"boto3", "botocore"})


def test_the_runtime_imports_nobody() -> None:
    for path in (SOURCE / "runtime").rglob("*.py"):
        foreign = {
            name
            for name in imports_of(path)
            if name.split(".")[0] == "penstock" and not name.startswith("penstock.runtime")
        }
        assert not foreign, f"{name_of(path)} imports {foreign}, which is not there in Lambda"


def test_every_module_stands_on_a_floor() -> None:
    (floors,) = [each for each in PYPROJECT["tool"]["importlinter"]["contracts"] if each["type"] == "layers"]
    placed = set(re.findall(r"penstock\.(\w+)", " ".join(floors["layers"])))
    apart = {"runtime", "_version"}
    there = {path.stem for path in SOURCE.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
    assert there - {"__init__"} <= placed | apart, (
        "say in pyproject.toml, [tool.importlinter], which floor it stands on"
    )


@pytest.mark.parametrize("path", [*(SOURCE / "script").rglob("*.py"), *(SOURCE / "asl").rglob("*.py")], ids=name_of)
def test_reading_and_compiling_never_run_what_they_read(path: Path) -> None:
    """Invariant 2: compiling never imports or executes user code."""
    forbidden = {"exec", "eval", "compile", "__import__", "import_module", "importlib.import_module", "runpy.run_path"}
    if name_of(path).endswith("script/parse.py"):
        forbidden.discard("compile")  # asks Python what it refuses after parsing; what it makes is thrown away
    assert not calls_of(path) & forbidden
    assert not {"runpy", "pickle", "marshal", "shelve"} & {name.split(".")[0] for name in imports_of(path)}


CORE = [SOURCE / "engine" / f"{name}.py" for name in ("core", "execution", "retry", "history")]


@pytest.mark.parametrize("path", [*CORE, *(SOURCE / "engine" / "states").glob("*.py")], ids=name_of)
def test_the_core_of_the_engine_is_pure(path: Path) -> None:
    """Invariant 4: a history is a function of definition, input, outcomes, clock readings and recorded randomness."""
    outside = {
        "os",
        "io",
        "sys",
        "socket",
        "subprocess",
        "threading",
        "asyncio",
        "concurrent",
        "multiprocessing",
        "queue",
    }
    assert not {name.split(".")[0] for name in imports_of(path)} & outside
    assert not calls_of(path) & {"open", "print", "input"}
    assert "penstock.engine.driver" not in imports_of(path)


def test_the_floors_of_the_architecture_hold() -> None:
    # A process of its own: import-linter's logging set-up disables the loggers that exist already.
    lint = [Path(sys.executable).parent / "lint-imports", "--no-cache"]
    done = subprocess.run(lint, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout


# --- Style ---

LONGEST, LONGEST_TEST = 650, 750  # "about 600"; tables of cases make a test module longer


@pytest.mark.parametrize(
    "path", [*MODULES, *sorted((ROOT / "tests").rglob("*.py")), *sorted((ROOT / "tools").rglob("*.py"))], ids=name_of
)
def test_a_file_has_one_subject(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= (LONGEST if SOURCE in path.parents else LONGEST_TEST), (
        f"{name_of(path)} has {lines} lines: split it by subject"
    )


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_nothing_is_left_for_later_or_swallowed(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for number, line in enumerate(text.splitlines(), start=1):
        assert not re.search(r"#.*\b(TODO|FIXME|XXX)\b", line), f"{name_of(path)}:{number}"
        if "# type: ignore" in line:
            assert re.search(r"# type: ignore\[[\w-]+(, ?[\w-]+)*\]", line), (
                f"{name_of(path)}:{number}: say which error and why"
            )


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_says_what_it_is(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not tree.body or ast.get_docstring(tree), f"{name_of(path)} has no docstring"


# --- Public names ---


def test_public_names_are_documented() -> None:
    reference = "\n".join(page.read_text(encoding="utf-8") for page in (ROOT / "docs" / "reference").glob("*.md"))
    for name in penstock.__all__:
        assert re.search(rf"\b{re.escape(name)}\b", reference), f"penstock.{name} is not in docs/reference"
        if not name.startswith("__"):
            assert getattr(getattr(penstock, name), "__doc__", None), f"penstock.{name} has no docstring"


def test_every_exception_is_documented() -> None:
    from penstock import errors

    page = (ROOT / "docs" / "reference" / "python-api.md").read_text(encoding="utf-8")
    names = [
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.PenstockError)
    ]
    assert names
    for name in names:
        assert f"`{name}`" in page, f"penstock.errors.{name} is not in docs/reference/python-api.md"


# --- What is published ---


def test_the_version_is_the_same_everywhere() -> None:
    assert penstock.__version__ == version("penstock")
    assert re.fullmatch(r"\d+\.\d+\.\d+", penstock.__version__)


def test_the_fragments_of_the_changelog_are_well_formed() -> None:
    kinds = {"added", "changed", "deprecated", "removed", "fixed", "security"}
    assert {kind["directory"] for kind in PYPROJECT["tool"]["towncrier"]["type"]} == kinds
    fragments = [path for path in (ROOT / "newsfragments").iterdir() if path.name not in {".gitignore", "README.md"}]
    for path in fragments:
        assert re.fullmatch(rf"(\d+|\+[\w-]+)\.({'|'.join(kinds)})\.md", path.name), (
            f"{path.name}: call it +slug.added.md"
        )
        text = path.read_text(encoding="utf-8").strip()
        assert 10 <= len(text) <= 600, f"{path.name}: a sentence or two"
        assert text.endswith((".", "`")), f"{path.name}: whole sentences"


def test_every_requirement_has_a_floor() -> None:
    groups = [
        PYPROJECT["project"]["dependencies"],
        *PYPROJECT["project"]["optional-dependencies"].values(),
        *PYPROJECT["dependency-groups"].values(),
    ]
    for requirement in (entry for group in groups for entry in group if isinstance(entry, str)):
        assert re.search(r">=|^penstock\[", requirement), f"{requirement}: no lower bound"


# --- Documentation ---


def test_every_page_of_the_documentation_is_in_its_menu() -> None:
    # Read as text: the file uses YAML tags of MkDocs extensions that a safe loader refuses.
    menu = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for page in (ROOT / "docs").rglob("*.md"):
        assert page.relative_to(ROOT / "docs").as_posix() in menu, f"{name_of(page)} is in no menu"


@pytest.mark.parametrize(
    "example", [path for path in sorted((ROOT / "examples").iterdir()) if path.is_dir()], ids=name_of
)
def test_an_example_has_a_readme_a_script_an_input_and_a_test(example: Path) -> None:
    for name in ("README.md", "input.json"):
        assert (example / name).is_file(), f"{name_of(example)}/{name} is missing"
    assert any((example / name).is_file() for name in ("project.py", "workflow.py", "template.yaml")), name_of(example)
    assert (ROOT / "tests" / "examples" / f"test_{example.name}.py").is_file()


def test_links_between_pages_lead_somewhere() -> None:
    pages = [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "examples").rglob("*.md"),
    ]
    for page in pages:
        text = re.sub(r"(?ms)^ *```.*?^ *```$", "", page.read_text(encoding="utf-8"))
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
            if "://" in target or target.startswith("mailto:"):
                continue
            made = page.parent / target
            generated = target.endswith("diagnostics.md")
            assert made.exists() or generated, f"{name_of(page)} links to {target}, which is not there"


def test_every_diagnostic_has_a_section_and_a_page_of_explain() -> None:
    import importlib.util

    from click.testing import CliRunner

    from penstock.cli.app import root
    from penstock.cli.explain import pages

    pytest.importorskip("mkdocs")
    spec = importlib.util.spec_from_file_location("hooks", ROOT / "docs" / "hooks.py")
    assert spec
    assert spec.loader
    hooks = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hooks)
    page = hooks.diagnostics_page()
    for code, entry in pages().items():
        assert f"{{ #{code.lower()} }}" in page
        assert entry.remedy in page
        shown = CliRunner().invoke(root, ["explain", code])
        assert shown.exit_code == 0, shown.output
        assert code in shown.output


def test_every_command_and_option_is_in_the_reference() -> None:
    import click

    from penstock.cli.app import root

    reference = (ROOT / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
    sections = {part.split("\n", 1)[0]: part for part in reference.split("\n## ")}
    context = click.Context(root)
    for name in root.list_commands(context):
        assert f"penstock {name}" in sections, f"penstock {name} has no section"
        command = root.get_command(context, name)
        assert command
        for option in command.params:
            words = [word for word in (*option.opts, *option.secondary_opts) if word.startswith("-")]
            for word in words:
                assert f"`{word}" in sections[f"penstock {name}"], f"penstock {name} {word}"
