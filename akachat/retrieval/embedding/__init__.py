"""Texts -> vectors, by models that are loaded once and shared."""
