"""The support desk's view of one person: who is joined to whom, what happened, what was noted, who looked."""
