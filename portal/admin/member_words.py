"""How the admin's pages speak of members: roles, what each may do, games."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from portal.roles import Permission, Role, allows

ROLE_NAMES: Mapping[Role, Promise] = {
    Role.OWNER: _("owner"),
    Role.PRODUCER: _("producer"),
    Role.SUPPORT: _("support"),
    Role.ANALYST: _("analyst"),
}

ROLE_TEXTS: Mapping[Role, Promise] = {
    Role.OWNER: _("everything, also members and credentials; always in all games"),
    Role.PRODUCER: _("campaigns, rewards, claims, people"),
    Role.SUPPORT: _("sees all, mends claims and links"),
    Role.ANALYST: _("sees figures; personal ids are masked"),
}

_DEEDS: Mapping[Permission, Promise] = {
    Permission.SEE_CAMPAIGNS: _("See campaigns and totals"),
    Permission.SEE_PEOPLE: _("See players, links and claims"),
    Permission.EDIT_CAMPAIGNS: _("Create and edit campaigns and rewards"),
    Permission.PUBLISH: _("Publish, pause and cancel campaigns"),
    Permission.MEND: _("Retry, release and map claims, unlink on request"),
    Permission.BULK: _("Grant by hand, act on many claims, export personal data"),
    Permission.MANAGE: _("Credentials, endpoints, API clients, members"),
}


def role_choices() -> list[tuple[str, str]]:
    """Return the roles for a form: value, and name with what it is for."""
    return [(role.value, f"{ROLE_NAMES[role]}: {ROLE_TEXTS[role]}") for role in Role]


def role_table(*, producers_may_publish: bool) -> list[tuple[Promise, list[tuple[Promise, str]]]]:
    """Return the table of roles (S1): for each thing one can do, each role with what its cell says."""
    return [
        (deed, [(ROLE_NAMES[role], _cell(role, permission, producers_may_publish)) for role in Role])
        for permission, deed in _DEEDS.items()
    ]


def _cell(role: Role, permission: Permission, producers_may_publish: bool) -> str:
    if allows(role, permission, producers_may_publish=producers_may_publish):
        return _t("yes")
    if permission is Permission.SEE_PEOPLE and role is Role.ANALYST:
        return _t("ids masked")
    return _t("no")


def games_text(all_games: bool, ids: Collection[str], names: Mapping[str, str]) -> str:
    """Return which games somebody works on, by name."""
    if all_games:
        return _t("all games")
    known = [names[game] for game in names if game in ids]
    return ", ".join(known) if known else _t("no game: sees nothing of any")
