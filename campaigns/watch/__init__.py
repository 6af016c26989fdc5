"""Counting watch time exactly (W2 to W9): from stored heartbeats to minutes, progress and what was earned."""
