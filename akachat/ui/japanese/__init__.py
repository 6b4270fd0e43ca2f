"""The core's messages in Japanese: found by pattern in a catalog of data files, one a room of the core.

The core speaks English, as its Web API and its journal do. Here, at the page's edge, a message becomes Japanese where
the catalog has its pattern, and stays as it is where not.
"""

from akachat.ui.japanese.catalog import Catalog, load_catalog
from akachat.ui.japanese.pattern import Pattern

__all__ = ["Catalog", "Pattern", "load_catalog"]
