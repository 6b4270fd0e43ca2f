"""What is kept, worked on: runs again, variables many at once, and what differs between two texts.

Each of its modules is imported by itself, so that a command about variables need not load what runs prompts.
"""
