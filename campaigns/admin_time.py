"""The widgets for a campaign's times in the admin's look."""

from __future__ import annotations

from typing import Any

from unfold.widgets import INPUT_CLASSES, SELECT_CLASSES

from campaigns.forms_time import ZonedDateTimeWidget


class AdminZonedDateTimeWidget(ZonedDateTimeWidget):
    """Date, time and *first or second*, drawn like the other inputs of the admin."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, input_class=" ".join(INPUT_CLASSES), select_class=" ".join(SELECT_CLASSES))
