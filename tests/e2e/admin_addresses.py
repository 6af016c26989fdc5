"""Every page of the admin's address space, as its registry has it: nobody keeps a list of pages by hand."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import Model
from django.test import Client
from django.urls import URLResolver, reverse

from campaigns.admin.guide.steps import Step
from fulfillment.rules.alerts import RULES
from fulfillment.rules.previewing import View
from portal.dashboard import card_pages

ARGUMENT = re.compile(r"<(?:\w+:)?(\w+)>")
LEFT_OUT = {
    "login",
    "logout",
    "view_on_site",
    "app_list",
    "jsi18n",
    "autocomplete",
    "auth_user_password_change",
    "person_note",
}
"""What shows no page of the organization's to somebody who is signed in: the framework's, and what is only posted to."""

OBJECTS = {
    "campaign_id": "campaigns.campaign",
    "viewer_id": "campaigns.viewer",
    "player_id": "linking.player",
    "credential_id": "portal.platformcredential",
    "invitation_id": "portal.invitation",
    "operation_id": "fulfillment.bulkoperation",
    "simulation_id": "fulfillment.simulation",
    "file_id": "campaigns.campaignfile",
    "import_id": "campaigns.channelimport",
    "link_id": "fulfillment.campaignpreview",
    "pk": "portal.membership",
}
"""Whose key an argument is, where the name of the page does not tell."""

PARTS = {
    "import_id": ("campaigns.channelimport", "campaign_id", "pk"),
    "code_import_id": ("fulfillment.codeimport", "pool_id", "pk"),
    "number": ("campaigns.channellistversion", "campaign_id", "number"),
}

WORDS: dict[str, dict[str, Callable[[], list[str]]]] = {
    "key": {"card": lambda: [card.key for card in card_pages()], "fulfillment_alertrule": lambda: list(RULES)[:2]},
    "step": {"campaigns_campaign_guide": lambda: list(Step)},
    "state": {"campaigns_campaign_preview_page": lambda: list(View)[:1]},
    "format_name": {"": lambda: ["csv"]},
}
"""Arguments that are words, by the beginning of the page's name."""

EACH_OF = {"campaigns_campaign_change": "status", "fulfillment_claim_change": "state"}
"""Pages that differ so much by a field of their object that one is opened for each value."""

TRIED = 12
"""So many objects are tried, the newest first, until the page opens for one: a guide has no page of a campaign that runs."""


def opened(username: str) -> dict[str, Any]:
    """Ask for every page as that member of staff.

    Return ``pages`` (name to address) of those that answer with a page, not with a part of one or a file, ``faults`` of those that answer 500 and ``unknown``,
    the arguments that this module cannot fill.
    """
    client = Client(raise_request_exception=False, HTTP_HOST=urlsplit(settings.BASE_URL).netloc)
    user = get_user_model().objects.get(username=username)
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    pages: dict[str, str] = {}
    faults: list[str] = []
    unknown: set[str] = set()
    for name, arguments in _named(admin.site.get_urls()):
        found, missing = _filled(name, arguments)
        unknown |= missing
        if name.endswith("_history") and any(one.endswith("_history") for one in pages):
            continue  # one template for all of them
        for values in found:
            key = " ".join([name, *(str(values[one]) for one in arguments if one in WORDS), *_kind(name, values)])
            if key in pages:
                continue
            address = reverse(f"admin:{name}", kwargs=values)
            answer = client.get(address)
            if answer.status_code >= 500:
                faults.append(f"{answer.status_code} from {address}")
            elif answer.status_code == 200 and b"</html>" in getattr(answer, "content", b""):
                pages[key] = address
    return {"pages": pages, "faults": faults, "unknown": sorted(unknown)}


def _filled(name: str, arguments: list[str]) -> tuple[list[dict[str, Any]], set[str]]:
    """Return what the page's arguments may be, the newest things first, and the arguments that nothing here can fill."""
    found: list[dict[str, Any]] = [{}]
    missing: set[str] = set()
    if set(arguments) == {"object_id", "import_id"} or set(arguments) == {"object_id", "number"}:
        return _parts(name, arguments[1]), missing
    for argument in arguments:
        values = _values(name, argument)
        if values is None:
            return [], {f"{name}: {argument}"}
        found = [{**one, argument: value} for one in found for value in values]
    return found, missing


def _values(name: str, argument: str) -> list[Any] | None:
    words = WORDS.get(argument, {})
    for start, values in words.items():
        if name.startswith(start):
            return values()
    label = OBJECTS.get(argument) if argument != "object_id" else _model_of(name)
    return None if label is None else _keys(apps.get_model(label))


def _kind(name: str, values: dict[str, Any]) -> list[str]:
    if name not in EACH_OF:
        return []
    model = apps.get_model(_model_of(name) or "")
    return [str(getattr(model._default_manager.get(pk=values["object_id"]), EACH_OF[name]))]


def _parts(name: str, argument: str) -> list[dict[str, Any]]:
    """Return the newest of what belongs to one object and has a page below it."""
    label, owner, key = PARTS[argument if name.startswith("campaigns_campaign") else "code_import_id"]
    rows = apps.get_model(label)._default_manager.order_by("-pk").values_list(owner, key)[:TRIED]
    return [{"object_id": one, argument: part} for one, part in rows]


def _model_of(name: str) -> str | None:
    labels = {
        f"{model._meta.app_label}_{model._meta.model_name}": model._meta.label_lower for model in admin.site._registry
    }
    mine = max((one for one in labels if name.startswith(f"{one}_")), key=len, default="")
    return labels.get(mine)


def _keys(model: type[Model]) -> list[Any]:
    return list(model._default_manager.order_by("-pk").values_list("pk", flat=True)[:TRIED])


def _named(patterns: list[Any], before: str = "") -> Iterator[tuple[str, list[str]]]:
    """Yield the name of each page and its arguments."""
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _named(pattern.url_patterns, route)
        elif pattern.name and pattern.name not in LEFT_OUT:
            yield pattern.name, ARGUMENT.findall(route)
