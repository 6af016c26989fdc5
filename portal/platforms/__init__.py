"""The platforms the portal knows. One folder each; adding one is a folder and an entry in ``registry``.

Stored as text and checked against this registry, never as choices of a migration.
"""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from portal.platforms.base import Platform
from portal.platforms.chzzk import CHZZK
from portal.platforms.kick import KICK
from portal.platforms.studio import STUDIO
from portal.platforms.twitch import TWITCH
from portal.sentences import Sentence

registry: dict[str, Platform] = {platform.key: platform for platform in (TWITCH, KICK, CHZZK, STUDIO)}
"""Every platform by its key, in the order in which pages list them."""


def get(key: str) -> Platform:
    """Return the platform called ``key``. Raises ``KeyError`` if there is none."""
    return registry[key]


def keys() -> tuple[str, ...]:
    """Return the keys of all platforms, in the order in which pages list them."""
    return tuple(registry)


def is_known(key: str) -> bool:
    """Tell whether ``key`` names a platform."""
    return key in registry


def choices() -> list[tuple[str, str]]:
    """Return key and name of all platforms, for forms."""
    return [(platform.key, capfirst(platform.name)) for platform in registry.values()]


def id_hints(about: str) -> list[tuple[str, str | Promise]]:
    """Return by their names the platforms that say where their id of what ``about`` names is found, and what they say."""
    return [(one.name, one.id_hints[about]) for one in registry.values() if about in one.id_hints]


def unlike_id(key: str, about: str, value: str) -> Sentence | None:
    """Say why a text does not look like the platform's id of what ``about`` names; None where it does, or nothing is known.

    An empty text is none, and is not judged.
    """
    shape = get(key).id_shapes.get(about)
    if not value or shape is None or shape.fits(value):
        return None
    return Sentence(
        _("“%(value)s” does not look like an id of %(platform)s. It has %(shape)s."),
        {"value": value, "platform": get(key).name, "shape": shape.words},
    )


def with_sign_in() -> tuple[Platform, ...]:
    """Return the platforms at which a viewer identifies by OAuth."""
    return tuple(platform for platform in registry.values() if platform.has_sign_in)


def form_origins() -> list[str]:
    """Return all origins that a sign-in form may lead to (S3)."""
    return sorted({origin for platform in registry.values() for origin in platform.sign_in_origins})


def validate_platform(value: str) -> None:
    """Raise ``ValidationError`` unless ``value`` is the key of a platform."""
    if not is_known(value):
        raise ValidationError(
            _("“%(value)s” is not a platform the portal knows. It knows: %(known)s."),
            code="unknown_platform",
            params={"value": value, "known": ", ".join(registry)},
        )


__all__ = [
    "Platform",
    "choices",
    "form_origins",
    "get",
    "id_hints",
    "is_known",
    "keys",
    "registry",
    "unlike_id",
    "validate_platform",
    "with_sign_in",
]
