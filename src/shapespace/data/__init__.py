"""Files to batches: sources, preparation, the store, and the stream of batches; knows no network."""
