"""Training: pictures, loop, optimisers, and one recipe per network. Imported by ``nnc train`` alone."""
