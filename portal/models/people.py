"""Users, organizations and memberships (I1, I4, S1)."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from portal.ids import ULIDField, new_ulid
from portal.roles import Role


class User(AbstractUser):
    """Anybody who signs in: staff of a studio, or a person who plays (I1).

    ``public_id`` is the id under which a portal account is a player (L2).
    """

    public_id = ULIDField(unique=True, editable=False, default=new_ulid)
    display_name = models.CharField(_("display name"), max_length=150, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            # allauth looks e-mail addresses up; two users with one address could not both sign in with it.
            models.UniqueConstraint(
                models.functions.Lower("email"), name="user_email_unique", condition=~models.Q(email="")
            )
        ]

    def __str__(self) -> str:
        return self.display_name or self.get_username()

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Say yes to the portal's administrator alone: Django's global permissions are given to nobody (S1)."""
        return self.is_active and self.is_superuser

    def has_module_perms(self, app_label: str) -> bool:
        """As for a permission."""
        return self.is_active and self.is_superuser


class Organization(models.Model):
    """A studio. Everything else belongs to exactly one (I4)."""

    id = ULIDField(primary_key=True, default=new_ulid)
    name = models.CharField(_("name"), max_length=120, unique=True)
    slug = models.SlugField(
        _("short name"), max_length=60, unique=True, help_text=_("Part of the link pages' addresses.")
    )
    url = models.URLField(_("website"), blank=True)
    enabled = models.BooleanField(
        _("enabled"),
        default=False,
        help_text=_("Set by the portal's administrator. Until then, campaigns can be prepared but not published."),
    )
    producers_may_publish = models.BooleanField(
        _("producers may publish"),
        default=False,
        help_text=_("Lets members with the role producer publish, pause and cancel campaigns, as owners can."),
    )
    one_stream_at_a_time = models.BooleanField(
        _("one stream at a time"),
        default=False,
        db_default=False,
        help_text=_(
            "Where the portal counts watch time: of several channels that somebody watches in the same minute only one "
            "counts, in all campaigns. Minutes then count three minutes after they end."
        ),
    )
    require_second_factor = models.BooleanField(
        _("second factor required"),
        default=False,
        db_default=False,
        help_text=_("Members without an authenticator app or a passkey are led to add one before they can work here."),
    )
    approval_above = models.PositiveIntegerField(
        _("approval above"),
        default=1000,
        db_default=1000,
        help_text=_("An action on more claims than this begins only when a second member has approved it."),
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True, db_default=Now())

    class Meta:
        verbose_name = _("organization")
        verbose_name_plural = _("organizations")

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """What a member of staff may do in one organization: the row that :mod:`portal.organizations` reads (S1).

    Which games, where these are not all, the app that knows games keeps (:mod:`portal.reach`).
    """

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("organization")
    )
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("user"))
    role = models.CharField(_("role"), max_length=20, choices=[(role.value, role.value) for role in Role])
    all_games = models.BooleanField(
        _("all games"), default=True, db_default=True, help_text=_("Also those that are added later.")
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        constraints = [
            models.UniqueConstraint(fields=["organization", "user"], name="membership_once"),
            models.CheckConstraint(
                condition=models.Q(role__in=[role.value for role in Role]), name="membership_role_known"
            ),
            # Owners manage what belongs to no game: credentials, members, API clients.
            models.CheckConstraint(
                condition=~models.Q(role=Role.OWNER.value) | models.Q(all_games=True), name="membership_owner_all_games"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.role})"
