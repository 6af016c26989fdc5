"""Game servers copy the client's folder: it may import the standard library, ``websockets``, and itself by relative names."""

from __future__ import annotations

import ast
import sys

import pytest

from tests.servers import REPOSITORY

FOLDER = REPOSITORY / "portal" / "game_state_client"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.name)
def test_a_module_of_the_client_needs_nothing_of_the_portal(path: object) -> None:
    tree = ast.parse((FOLDER / str(path)).read_text())
    named = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    named += [str(node.module) for node in froms if not node.level]
    assert {name.split(".")[0] for name in named} <= {*sys.stdlib_module_names, "websockets"}
    assert {node.level for node in froms} <= {0, 1}
