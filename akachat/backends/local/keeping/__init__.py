"""The models in memory and on this disk: loaded once, kept while they fit, fetched from the hub."""
