"""The form of a platform's faults: for the console's page, and for what programs and commands set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django import forms

from portal.sandbox.models import Failure, Faults, Outage, Platform

if TYPE_CHECKING:
    FaultsModelForm = forms.ModelForm[Faults]
else:
    # Django's class takes no type argument when the program runs.
    FaultsModelForm = forms.ModelForm

LABELS = {
    "webhooks_dropped": "Webhooks dropped",
    "webhooks_doubled": "Webhooks sent twice",
    "silence": "Silence",
    "calls_failing": "API calls that fail",
    "retry_after_seconds": "Wait after 429, in seconds",
    "hang_seconds": "Hang, in seconds",
    "updates_partial": "Updates left out",
    "pages_doubled": "Pages that come twice",
    "poison": "Ids that spoil a page",
    "outage": "Outage",
    "rate_limit": "Calls a minute",
    "seed": "Seed of chance",
}


class FaultsForm(FaultsModelForm):
    """All faults of a platform at once. What is left out is off, or as it is at first."""

    failures = forms.MultipleChoiceField(
        choices=Failure.choices, required=False, widget=forms.CheckboxSelectMultiple, label="Ways to fail"
    )
    outage = forms.ChoiceField(choices=Outage.choices, required=False, widget=forms.RadioSelect)

    class Meta:
        model = Faults
        fields = list(LABELS)
        labels = LABELS
        widgets = {"poison": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["failures"].initial = self.instance.failure_list()
        for field in self.fields.values():
            # A number that is left out is the one that the column begins with.
            field.required = False
        if self.instance.platform != Platform.TWITCH:
            del self.fields["rate_limit"]

    def clean(self) -> dict[str, Any]:
        """Calls can only fail in some way; numbers that were left out are the first ones."""
        cleaned = super().clean() or {}
        if cleaned.get("calls_failing") and not cleaned.get("failures"):
            self.add_error("failures", "Choose at least one way in which calls fail.")
        for name in self.fields:
            if name in cleaned and cleaned[name] is None:
                cleaned[name] = getattr(Faults(), name)
        return cleaned

    def save(self, commit: bool = True) -> Faults:
        """Store the faults; what is drawn by chance begins anew."""
        faults = self.instance
        faults.failures = " ".join(self.cleaned_data["failures"]) or faults.failures
        faults.calls_drawn = faults.webhooks_drawn = faults.updates_drawn = faults.pages_drawn = 0
        return super().save(commit)


def values_of(faults: Faults) -> dict[str, Any]:
    """The faults as programs read and set them."""
    values = {name: getattr(faults, name) for name in LABELS}
    return values | {"failures": faults.failure_list(), "poison": sorted(faults.poison_ids())}


def set_faults(platform: str, values: Mapping[str, Any]) -> Faults:
    """Set exactly these faults; what is left out is off, or as it is at first. Raises ValueError with what is wrong."""
    unknown = sorted(set(values) - {*LABELS, "failures"})
    if unknown:
        raise ValueError(
            f"There is no fault called {', '.join(unknown)}. There are: {', '.join([*LABELS, 'failures'])}."
        )
    data = {"failures": Failure.values} | dict(values)
    if isinstance(data.get("poison"), list):
        data["poison"] = "\n".join(map(str, data["poison"]))
    if isinstance(data["failures"], str):
        data["failures"] = data["failures"].replace(",", " ").split()
    form = FaultsForm(data, instance=Faults(platform=platform))
    if not form.is_valid():
        raise ValueError(" ".join(f"{name}: {' '.join(map(str, errors))}" for name, errors in form.errors.items()))
    return form.save()
