"""The tabs of the page, a file each: what its script may call of the playground."""

from akachat.ui.tabs.tab import Tab, all_tabs

__all__ = ["Tab", "all_tabs"]
