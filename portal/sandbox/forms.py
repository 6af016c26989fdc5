"""The sandbox's forms: they say what was wrong and keep what was typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django import forms

from portal.sandbox.catalogue import REWARDS_PER_CAMPAIGN, first_users
from portal.sandbox.models import (
    Application,
    Category,
    GameBackend,
    Platform,
    PlatformUser,
    Reward,
    Stream,
)
from portal.sandbox.playing import AddressRefused, check_address
from portal.sandbox.watching import MOST_MINUTES, NotReported, named

if TYPE_CHECKING:
    ApplicationModelForm = forms.ModelForm[Application]
    UserModelForm = forms.ModelForm[PlatformUser]
    BackendModelForm = forms.ModelForm[GameBackend]
    PlatformUserChoiceField = forms.ModelChoiceField[PlatformUser]
else:
    # Django's classes take no type argument when the program runs.
    ApplicationModelForm = UserModelForm = BackendModelForm = forms.ModelForm
    PlatformUserChoiceField = forms.ModelChoiceField


def _require_web_address(text: str) -> None:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise forms.ValidationError(f"“{text}” is not a web address: it must begin with http:// or https://.")


class ApplicationForm(ApplicationModelForm):
    """The studio's registration with one platform."""

    class Meta:
        model = Application
        fields = [
            "client_id",
            "client_secret",
            "redirect_uris",
            "webhook_url",
            "webhook_secret",
            "heartbeat_url",
            "heartbeats_enabled",
            "organization_id",
        ]
        labels = {
            "client_id": "Client ID",
            "redirect_uris": "Redirect URIs",
            "webhook_url": "Webhook URL",
            "webhook_secret": "EventSub secret",
            "heartbeat_url": "Heartbeat endpoint",
            "heartbeats_enabled": "Heartbeats enabled",
            "organization_id": "Organization ID",
        }
        widgets = {"redirect_uris": forms.Textarea(attrs={"rows": 2})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.platform == Platform.KICK:
            del self.fields["webhook_secret"], self.fields["heartbeats_enabled"]
            self.fields["heartbeat_url"].help_text = (
                "Kick itself sends no heartbeats. Here the sandbox plays a site of yours that tells who watches, by Kick's "
                "user ids. The portal shows the address once, at the heartbeat source."
            )

    def clean_redirect_uris(self) -> str:
        """Every line must be a web address."""
        lines = [line.strip() for line in self.cleaned_data["redirect_uris"].splitlines() if line.strip()]
        for line in lines:
            _require_web_address(line)
        return "\n".join(lines)

    def clean_webhook_url(self) -> str:
        """Empty, or a web address."""
        url = str(self.cleaned_data["webhook_url"])
        if url:
            _require_web_address(url)
        return url

    def clean_heartbeat_url(self) -> str:
        """Empty, or an address that heartbeats may be sent to."""
        url = str(self.cleaned_data["heartbeat_url"])
        if url:
            try:
                check_address(url)
            except AddressRefused as refusal:
                raise forms.ValidationError(str(refusal)) from refusal
        return url

    def clean_webhook_secret(self) -> str:
        """Twitch, EventSub: 10 to 100 ASCII characters."""
        secret = str(self.cleaned_data["webhook_secret"])
        if secret and not (10 <= len(secret) <= 100 and secret.isascii()):
            raise forms.ValidationError("Twitch takes 10 to 100 plain (ASCII) characters.")
        return secret


class CategoryForm(forms.Form):
    """A new category."""

    name = forms.CharField(max_length=200, label="Name of the game")


class RewardForm(forms.Form):
    """A new reward."""

    name = forms.CharField(max_length=200)
    external_id = forms.CharField(
        max_length=200,
        required=False,
        label="External ID",
        help_text="The item's id in the game. Optional.",
    )


class CampaignForm(forms.Form):
    """A new campaign: a name, a category, and minutes for each reward that is in it."""

    name = forms.CharField(max_length=200)
    category = forms.ModelChoiceField(Category.objects.none(), empty_label=None)

    def __init__(self, *args: Any, platform: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        categories = forms.ModelChoiceField(
            Category.objects.filter(platform=platform).order_by("name"),
            empty_label=None,
        )
        self.fields["category"] = categories
        self.rewards = {
            f"minutes_{reward.pk}": reward for reward in Reward.objects.filter(platform=platform).order_by("-pk")
        }
        for field_name, reward in self.rewards.items():
            self.fields[field_name] = forms.IntegerField(
                required=False,
                min_value=1,
                max_value=100_000,
                label=f"Minutes for {reward.name}",
            )

    def reward_fields(self) -> list[forms.BoundField]:
        """The fields with minutes, for the template."""
        return [self[name] for name in self.rewards]

    def chosen(self) -> dict[Reward, int]:
        """The rewards that were given minutes."""
        return {reward: self.cleaned_data[name] for name, reward in self.rewards.items() if self.cleaned_data.get(name)}

    def clean(self) -> dict[str, Any]:
        """There must be 1 to 12 rewards."""
        cleaned = super().clean() or {}
        count = len(self.chosen())
        if not self.errors and not 1 <= count <= REWARDS_PER_CAMPAIGN:
            raise forms.ValidationError(
                f"Give minutes to 1 to {REWARDS_PER_CAMPAIGN} rewards; {count} have minutes now."
            )
        return cleaned


class UserForm(UserModelForm):
    """A new sandbox user; without an id the platform draws one."""

    user_id = forms.CharField(
        required=False,
        max_length=20,
        label="User ID",
        help_text="A number. Leave empty to get one.",
    )

    class Meta:
        model = PlatformUser
        fields = ["display_name", "user_id"]

    def __init__(self, *args: Any, platform: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.platform = platform

    def clean_display_name(self) -> str:
        """A login is made of the name, so there must be something to make it of."""
        name = str(self.cleaned_data["display_name"])
        if not any(letter.isascii() and letter.isalnum() for letter in name):
            raise forms.ValidationError("The name needs at least one letter from a to z or a digit.")
        return name

    def clean_user_id(self) -> str:
        """A number of up to 64 bits, not yet taken."""
        user_id = str(self.cleaned_data["user_id"])
        if user_id and not (user_id.isascii() and user_id.isdigit() and 0 < int(user_id) < 2**64):
            raise forms.ValidationError("A user id is a whole number from 1 to 18446744073709551615.")
        if user_id and PlatformUser.objects.filter(platform=self.platform, user_id=user_id).exists():
            raise forms.ValidationError("There is a user with this id already.")
        return user_id


class PeopleField(PlatformUserChoiceField):
    """Users of a platform; says of whom heartbeats do not tell."""

    def label_from_instance(self, obj: PlatformUser) -> str:
        """Name and id, and that the platform would not report this user."""
        try:
            named(obj)
        except NotReported:
            return f"{obj} – not reported: not linked"
        return str(obj)


class WatchForm(forms.Form):
    """Who watches whom, and for how long: the last minutes, or from now on."""

    PAST, LIVE = "past", "live"

    how = forms.ChoiceField(
        choices=[
            (PAST, "has watched the last minutes: all are told at once"),
            (LIVE, "watches from now on: each minute is told when it is over"),
        ],
        widget=forms.RadioSelect,
        initial=PAST,
        label="The viewer",
    )
    minutes = forms.IntegerField(min_value=1, max_value=MOST_MINUTES, initial=5)

    field_order = ("user", "channel", "game", "how", "minutes")

    def __init__(self, *args: Any, platform: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        users = first_users(platform)
        people: dict[str, Any] = {"queryset": users, "to_field_name": "user_id", "empty_label": None}
        # Who is linked can be told of: whoever linked last is likely to try it, on the channel that was there first.
        linked = list(users.filter(authorized_at__isnull=False).order_by("authorized_at")) or list(users)
        self.fields["user"] = PeopleField(label="Viewer", initial=linked[-1] if linked else None, **people)
        self.fields["channel"] = PeopleField(label="Channel", initial=linked[0] if linked else None, **people)
        self.fields["game"] = forms.ModelChoiceField(
            Category.objects.filter(platform=platform).order_by("pk"), empty_label=None, label="Game that is streamed"
        )
        self.order_fields(self.field_order)


class StreamForm(forms.Form):
    """A channel goes live in a category."""

    title = forms.CharField(max_length=140, initial="Playing with viewers")

    field_order = ("channel", "category", "title")

    def __init__(self, *args: Any, platform: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        users = first_users(platform).exclude(streams__in=Stream.objects.filter(ended_at=None))
        channel = forms.ModelChoiceField(users, to_field_name="user_id", empty_label=None, label="Channel")
        self.fields["channel"] = channel
        self.fields["category"] = forms.ModelChoiceField(
            Category.objects.filter(platform=platform).order_by("pk"), empty_label=None
        )
        self.order_fields(self.field_order)


class BackendForm(BackendModelForm):
    """How the game answers, and the secret that it checks signatures with."""

    class Meta:
        model = GameBackend
        fields = ["mode", "seconds", "signing_secret"]
        widgets = {"mode": forms.RadioSelect}
        labels = {"mode": "To every request"}

    def clean_seconds(self) -> int:
        """1 to 600."""
        seconds = int(self.cleaned_data["seconds"])
        if not 1 <= seconds <= 600:
            raise forms.ValidationError("Between 1 and 600 seconds.")
        return seconds
