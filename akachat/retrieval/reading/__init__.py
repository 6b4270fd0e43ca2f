"""A file's bytes -> its text in blocks, each knowing its headings and its place."""
