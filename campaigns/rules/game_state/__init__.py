"""The rules of game state (G), without Django: messages and their limits, the merged state, game events."""
