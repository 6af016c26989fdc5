"""How the portal stands with each platform, right now (F6, F7): the facts, for people, programs and alerts alike."""
