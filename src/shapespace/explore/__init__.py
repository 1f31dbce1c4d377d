"""Walking the space: refine."""
