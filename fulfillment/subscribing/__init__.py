"""Event subscriptions at platforms: created, verified, watched, and renewed after the platform ended them.

:mod:`~fulfillment.subscribing.wanting` says what is wanted, as rows; :mod:`~fulfillment.subscribing.keeping` compares the
rows that are due with the platform's list and does what they need; :mod:`~fulfillment.subscribing.watching` takes in what
the platform itself says of a subscription by webhook. Every call is safe to make again, and every row has a time at which
it is looked at again: killed at any moment, the next run goes on.
"""
