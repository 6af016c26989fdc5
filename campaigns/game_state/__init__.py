"""Game state (G): sessions that game servers stream over a WebSocket, and the rewards that events in them earn."""
