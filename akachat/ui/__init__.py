"""The page: tabs over a playground, made with Gradio and a little JavaScript of our own."""

from akachat.ui.layout import create_ui, launch_options

__all__ = ["create_ui", "launch_options"]
