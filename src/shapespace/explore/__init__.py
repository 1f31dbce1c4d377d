"""Walking a space: ways and sums through it, attributes, maps, search, snapping, what its units have learned."""
