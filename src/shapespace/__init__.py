"""shapespace: learn a probabilistic latent space of 3-D shapes, and use it."""
