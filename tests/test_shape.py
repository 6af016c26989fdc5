"""The shape of the code that no other tool checks: pure rules stay pure, modules stay small, nothing names this machine."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
APPS = ("portal", "campaigns", "linking", "fulfillment")
PURE = [
    *(path for app in APPS for path in (ROOT / app / "rules").glob("*.py")),
    ROOT / "portal" / "roles.py",
    ROOT / "portal" / "contrast.py",
    *(ROOT / "portal" / "platforms").rglob("signatures.py"),
]
ALLOWED_OF_DJANGO = {"django.utils.translation", "django.utils.functional"}
MOST_LINES = 400
REGISTRIES = re.compile(
    r"(^|[^a-z])(py" + r"pi\.org|files\.pyth" + r"onhosted|registry\.np" + r"mjs|deb\.deb" + r"ian\.org)"
)


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


@pytest.mark.parametrize("path", PURE, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_of_pure_rules_imports_no_framework(path: Path) -> None:
    forbidden = {
        name
        for name in imported(path)
        if name.split(".")[0] in {"django", "rest_framework", "requests", "allauth"} and name not in ALLOWED_OF_DJANGO
    }
    assert forbidden == set()
    assert not {name for name in imported(path) if name.endswith("models")}


def product_modules() -> list[Path]:
    return [p for app in APPS for p in (ROOT / app).rglob("*.py") if "migrations" not in p.parts]


def test_no_module_grows_past_one_concept() -> None:
    long = {
        str(p.relative_to(ROOT)): n for p in product_modules() if (n := len(p.read_text().splitlines())) > MOST_LINES
    }
    assert long == {}


def test_no_file_names_a_package_registry() -> None:
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    named = [
        name
        for name in files
        if name and (ROOT / name).suffix not in {".png", ".woff2"} and (ROOT / name).is_file()
        if REGISTRIES.search((ROOT / name).read_text(errors="ignore"))
    ]
    assert named == []


def test_every_setting_of_the_environment_is_documented() -> None:
    from portal.env import Env

    text = (ROOT / "docs" / "operating.md").read_text()
    names = [str(f.validation_alias or f"PORTAL_{n.upper()}") for n, f in Env.model_fields.items()]
    assert [name for name in names if f"`{name}`" not in text] == []
