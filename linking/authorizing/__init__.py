"""Asking platforms in turn whether linked viewers still authorize the studio's app (L8, L9).

:mod:`~linking.authorizing.watching` says for whom: a row for each linked viewer of a platform that can be asked, with a
time at which it is due. :mod:`~linking.authorizing.turns` asks in the background, credential by credential, and
:mod:`~linking.authorizing.recording` writes down what was answered; :mod:`~linking.authorizing.checking` asks for one
viewer because staff want to know. What an answer means, and the pace, is in :mod:`linking.rules.authorizing`.

A platform's word that a viewer took the authorization back (an event) ends links at once. That a list does not name a
viewer is no word but silence, which a fault of the platform looks like too: it is asked for twice.
"""
