"""JSON Merge Patch (RFC 7396), made and applied. Nothing is changed in place: what did not change is shared."""

from __future__ import annotations

from typing import Any


def apply_patch(target: Any, patch: Any) -> Any:
    """Return ``target`` with a patch applied (RFC 7396, section 2)."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = apply_patch(result.get(name), value)
    return result


def make_patch(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Return the smallest patch that makes ``after`` of ``before``: objects without members that are null."""
    patch: dict[str, Any] = dict.fromkeys(name for name in before if name not in after)
    for name, value in after.items():
        old = before.get(name)
        if same(old, value):
            continue
        patch[name] = make_patch(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return patch


def same(one: Any, other: Any) -> bool:
    """Tell whether two values are the same JSON: unlike in Python, ``true`` is not 1."""
    if one is other:
        return True
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return isinstance(one, bool) is isinstance(other, bool) and bool(one == other)
