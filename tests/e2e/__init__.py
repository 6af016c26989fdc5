"""The whole portal as its users meet it: real processes, a real browser, the sandbox as Twitch, Kick and the game."""
