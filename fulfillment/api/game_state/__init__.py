"""The calls about game state: whom to stream for, and what is streamed (G, A1). The portal's own shape."""
