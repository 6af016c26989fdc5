"""What a JSON schema and a description say, in words and in HTML for the page."""

from __future__ import annotations

import re
from collections.abc import Iterator

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from fulfillment.api.docs.describing import Schema


def in_html(text: str) -> SafeString:
    """Return a description in HTML: paragraphs, lists, ``code``. Nothing else of CommonMark is used in them."""
    parts = []
    for block in re.split(r"\n\s*\n", text.strip()):
        if block.startswith("- "):
            items = re.split(r"\n- ", block.removeprefix("- "))
            parts.append("<ul>" + "".join(f"<li>{_inline(item)}</li>" for item in items) + "</ul>")
        else:
            parts.append(f"<p>{_inline(block)}</p>")
    return mark_safe("".join(parts))  # noqa: S308 - every part was escaped


def kind_of(schema: Schema, components: Schema) -> str:
    """Say in words what a value may be: its type and its limits."""
    schema = resolved(schema, components)
    return "; ".join([_type(schema, components), *_limits(schema)])


def resolved(schema: Schema, components: Schema) -> Schema:
    """Return a schema itself where there is a reference to it. What stands beside the reference counts first."""
    if "$ref" not in schema:
        return schema
    beside = {key: value for key, value in schema.items() if key != "$ref"}
    return components[schema["$ref"].rsplit("/", 1)[1]] | beside


def _inline(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(" ".join(text.split()))))


def _type(schema: Schema, components: Schema) -> str:
    if "enum" in schema:
        return _("one of %(values)s") % {"values": ", ".join(str(value) for value in schema["enum"])}
    if "const" in schema:
        return _("always %(value)s") % {"value": schema["const"]}
    if schema.get("format") == "date-time":
        return _("time (RFC 3339)")
    if schema.get("type") == "array" and "properties" not in resolved(schema["items"], components):
        return _("list; each: %(kind)s") % {"kind": kind_of(schema["items"], components)}
    names = {
        "string": _("text"),
        "integer": _("whole number"),
        "number": _("number"),
        "boolean": _("true or false"),
        "object": _("object"),
        "array": _("list"),
        "null": _("null"),
    }
    kinds = schema.get("type", "object")
    return _(" or ").join(names[kind] for kind in ([kinds] if isinstance(kinds, str) else kinds))


def _limits(schema: Schema) -> Iterator[str]:
    if "minimum" in schema and "maximum" in schema:
        yield _("%(low)s to %(high)s") % {"low": schema["minimum"], "high": schema["maximum"]}
    if (most := schema.get("maxLength")) and "enum" not in schema:
        yield ngettext("at most %(most)s character", "at most %(most)s characters", most) % {"most": most}
    if most := schema.get("maxItems"):
        yield _("%(least)s to %(most)s of them") % {"least": schema.get("minItems", 0), "most": most}
    if "default" in schema:
        yield _("%(value)s if left out") % {"value": schema["default"]}
