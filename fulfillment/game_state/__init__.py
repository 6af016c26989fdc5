"""Game state seen from here (G2): who may stream it and for whom, what is asked about it, and which channels stream."""
