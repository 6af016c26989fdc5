"""Notices: telling a person what became of their links and rewards, on the site always and by e-mail where they asked.

``telling`` listens to the rest of the portal and ``writing`` stores; ``reading`` and ``wording`` show; ``mailing`` sends what
``preferences`` allow; ``reminders`` look ahead to closings; ``eligible`` is about who could take part but is not linked.
"""
