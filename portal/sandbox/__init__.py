"""Stand-ins for Twitch and Kick and a small game backend, to try the portal without internet.

A Django project of its own: own settings, host name, port and database file. It imports nothing
of the product and signs with code of its own, written from the platforms' documentation, so that
an error in the product's reading of a protocol shows here instead of being repeated.
"""
