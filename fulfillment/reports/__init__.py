"""A platform's own figures about games: leave to read them, reading them daily, and what they say by day.

:mod:`~fulfillment.reports.granting` has somebody of the studio let the portal read them; :mod:`~fulfillment.reports.keeping`
keeps the token that comes of it; :mod:`~fulfillment.reports.fetching` reads what is due, in windows of days.
"""
