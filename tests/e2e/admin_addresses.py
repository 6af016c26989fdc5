"""Every page of the admin's address space, as its registry has it: nobody keeps a list of pages by hand.

A name of the registry that shows no page to anybody must say so by how it answers, or be explained in ``LEADS_ON``; one that
does neither is silent, and the test of all pages fails. So what is added later is looked at, or somebody says why not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import URLResolver, reverse

from campaigns.admin.guide.steps import Step
from fulfillment.rules.alerts import RULES
from fulfillment.rules.previewing import View
from portal.dashboard import card_pages
from tests.e2e.admin_queries import asked_with

ARGUMENT = re.compile(r"<(?:\w+:)?(\w+)>")
LEFT_OUT = {
    "login": "leads to the portal's own sign-in",
    "logout": "leads to the portal's own sign-out",
    "view_on_site": "the framework's, of objects with an address of their own: ours have none",
    "app_list": "the framework's list of an app's lists, to which nothing leads",
    "jsi18n": "words for the framework's scripts",
    "autocomplete": "what the framework's choosers fetch",
    "person_note": "a deed of the page of a person, which is only posted to",
    "campaigns_gameevent_history": "404 for everybody: nobody changes an event",
}
"""What is not asked for, and why."""

OURS = {"portal", "campaigns", "linking", "fulfillment"}
"""The apps whose pages these are. Libraries bring lists of their own tables, which only the portal's administrator can see."""

LEADS_ON = {
    "campaigns_campaign_steps": "leads to the step of the guide at which the campaign is",
    "campaigns_campaign_add": "leads to the guide",
    "linking_link_check": "leads back to the link: checks when it is posted to",
    "reports_granted": "where a platform sends people back to, and leads on to the reports",
    "fulfillment_alert_mute": "leads back to the alert: mutes when it is posted to",
    "fulfillment_alertrule_mute": "leads back to the rule: mutes when it is posted to",
    "fulfillment_alertrule_try": "leads back to the rule: tries it when it is posted to",
    "fulfillment_alertchannel_mute": "leads back to the channel: mutes when it is posted to",
    "fulfillment_eventdelivery_again": "leads back to the event: sends it when it is posted to",
    "fulfillment_bulkoperation_change": "leads to the page with the progress",
    "fulfillment_delivery_change": "leads to the page of the claim, where deliveries are",
    "fulfillment_deliveryattempt_change": "leads to the page of the claim, where attempts are",
}
"""What shows no page because it leads to another, which is looked at."""

OBJECTS = {
    "id": "portal.user",
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

WORDS: Mapping[str, Mapping[str, Callable[[], list[str]]]] = {
    "key": {"card": lambda: [card.key for card in card_pages()], "fulfillment_alertrule": lambda: list(RULES)[:2]},
    "step": {"campaigns_campaign_guide": lambda: list(Step)},
    "state": {"campaigns_campaign_preview_page": lambda: list(View)},
    "format_name": {"": lambda: ["csv"]},
}
"""Arguments that are words, by the beginning of the page's name."""

EACH_OF = {
    "campaigns_campaign_change": ("object_id", "campaigns.campaign", ("status",)),
    "campaigns_campaign_channel_report": ("import_id", "campaigns.channelimport", ("state",)),
    "fulfillment_claim_change": ("object_id", "fulfillment.claim", ("state",)),
    "fulfillment_claim_many": ("operation_id", "fulfillment.bulkoperation", ("status", "actor_label", "halted_by")),
    "fulfillment_eventdelivery_many": ("operation_id", "fulfillment.bulkoperation", ("status",)),
    "fulfillment_platformsubscription_change": ("object_id", "fulfillment.platformsubscription", ("state",)),
}
"""Pages that differ so much by fields of an object that one is opened for each value: the argument, its model, the fields."""

HISTORIES = {"campaigns_campaign_history", "linking_player_history"}
"""One template for all of them: one with entries and one without are enough."""

TRIED = 40
"""So many objects are tried, the newest first, until the page opens for one: a guide has no page of a campaign that runs."""


@dataclass
class Opened:
    """``pages`` is what was found: name to whose it is and its address; the others say what is wrong with the registry."""

    pages: dict[str, tuple[str, str]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    unknown: set[str] = field(default_factory=set)
    silent: list[str] = field(default_factory=list)


def opened(clients: Mapping[str, Client], names: Iterable[str]) -> Opened:
    """Ask for the pages of these names, as each of these people until one of them is shown it."""
    found = Opened()
    wanted, more = set(names), asked_with()
    for name, arguments in registry():
        if name not in wanted:
            continue
        filled, missing = _filled(name, arguments)
        found.unknown |= missing
        answers: set[str] = set()
        many = name in EACH_OF or any(one in WORDS for one in arguments)
        for values in filled:
            key = " ".join([name, *(str(values[one]) for one in arguments if one in WORDS), *_kind(name, values)])
            if key not in found.pages and (many or "page" not in answers):
                answers |= _ask(clients, key, reverse(f"admin:{name}", kwargs=values), found)
        for number, address in enumerate(more.get(name, []), start=1):
            answers |= _ask(clients, f"{name} {number}", address, found)
        if not _is_explained(name, answers):
            found.silent.append(f"{name}: {', '.join(sorted(answers)) or 'nothing to open it for'}")
    return found


def _ask(clients: Mapping[str, Client], key: str, address: str, found: Opened) -> set[str]:
    """Ask until one is shown the page; return what the others were answered, or that it is one."""
    answers = set()
    for who, client in clients.items():
        answer = client.get(address)
        if answer.status_code >= 500:
            found.faults.append(f"{answer.status_code} from {address} as {who}")
        if answer.status_code == 200 and b"</html>" in getattr(answer, "content", b""):
            if key in HISTORIES or not key.endswith("_history"):
                found.pages[key] = (who, address)
            return {"page"}
        answers.add("part" if answer.status_code == 200 else str(answer.status_code))
    return answers


def _is_explained(name: str, answers: set[str]) -> bool:
    """Tell whether there is a page, or the answers say why not: a part or a file, only posted to, or nobody may."""
    return name in LEADS_ON or bool(answers & {"page", "part"}) or answers in ({"405"}, {"403"}, {"403", "404"})


def registry() -> list[tuple[str, list[str]]]:
    """Return the name of each page and its arguments."""
    return list(named(admin.site.get_urls()))


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
    argument, label, fields = EACH_OF[name]
    row = apps.get_model(label)._default_manager.get(pk=values[argument])
    return [str(getattr(row, one)) for one in fields]


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


def _is_of_a_library(name: str) -> bool:
    model = _model_of(name)
    return model is not None and model.partition(".")[0] not in OURS


def _keys(model: type[Model]) -> list[Any]:
    return list(model._default_manager.order_by("-pk").values_list("pk", flat=True)[:TRIED])


def named(patterns: list[Any], before: str = "") -> Iterator[tuple[str, list[str]]]:
    """Yield the name of each page and its arguments."""
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from named(pattern.url_patterns, route)
        elif pattern.name and pattern.name not in LEFT_OUT and not _is_of_a_library(pattern.name):
            yield pattern.name, ARGUMENT.findall(route)
