"""A sentence for people that pure rules can make: translated only when it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.utils.functional import Promise


@dataclass(frozen=True)
class Sentence:
    """A lazily translated template and what goes into it; `str()` gives the text in the reader's language.

    `template` comes from `gettext_lazy` and has named places (`%(found)s`); `params` may hold further
    sentences. With no params the template is taken as it stands, like Django's ValidationError does, so
    `ValidationError(sentence.template, params=sentence.params)` says the same.
    """

    template: str | Promise
    params: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        text = str(self.template)
        return text % self.params if self.params else text
