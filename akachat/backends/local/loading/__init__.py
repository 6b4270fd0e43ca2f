"""A model from its name into memory: where it is, what it is, whether it fits, in which number format."""
