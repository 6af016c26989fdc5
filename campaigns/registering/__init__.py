"""Registering viewers' identifiers with the heartbeat services of platforms (I2, L9, L10).

:mod:`~campaigns.registering.wanting` says who is to be registered, in the transaction that makes or ends a link;
:mod:`~campaigns.registering.running` does it in the background, by calls that are safe to repeat, and keeps it up.
"""
