"""The check of a credential: what was entered for games is at the platform under the name one expects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from django.utils.translation import gettext as _t

from campaigns.models import GameCategory
from portal.credential_checks import Examination, Outcome, Result, check
from portal.credential_checks.words import failed, not_asked
from portal.platforms.calls import PlatformError

MOST = 100
"""So many categories are looked up, those of the games made last."""


@check
def categories(run: Examination) -> Iterator[Result]:
    """The categories that games have at the platform are there."""
    title, directory = _t("Categories of your games"), run.platform.directory
    if directory is None:
        return
    mine = GameCategory.objects.filter(organization=run.credential.organization_id, platform=run.credential.platform)
    entered = list(mine.order_by("-pk").values_list("game__name", "platform_category_id")[:MOST])
    if not entered:
        yield Result(
            Outcome.LOOK,
            title,
            _t("No game has a category at this platform: its streams cannot be told from others."),
            _t("Enter the category's id with the game. %(hint)s") % {"hint": run.platform.id_hints.get("category", "")},
        )
        return
    if not run.has_token:
        yield not_asked(title)
        return
    try:
        found = run.ask(
            lambda token: directory.categories(
                run.credential.api_base,
                client_id=run.credential.client_id,
                access_token=token,
                ids=[category for _game, category in entered],
            )
        )
    except PlatformError as error:
        yield failed(title, error, refused=_t("Ask the platform whether the app may look up categories."))
        return
    yield from _compared(run, title, entered, found)


def _compared(
    run: Examination, title: str, entered: Sequence[tuple[str, str]], found: Mapping[str, str]
) -> Iterator[Result]:
    known = [(game, category) for game, category in entered if category in found]
    missing = [(game, category) for game, category in entered if category not in found]
    if missing:
        yield Result(
            Outcome.FAILS,
            title,
            _t("The platform knows no category with these ids."),
            _t("Correct them with the game. %(hint)s") % {"hint": run.platform.id_hints.get("category", "")},
            rows=tuple((_named(game, category), _t("not known there")) for game, category in missing),
        )
    if known:
        yield Result(
            Outcome.WORKS,
            title,
            _t("The platform knows them. Look whether each is the one you mean:"),
            rows=tuple((_named(game, category), found[category] or "–") for game, category in known),
        )


def _named(game: str, category: str) -> str:
    return _t("%(game)s: %(category)s") % {"game": game, "category": category}
