"""The types of resources in dorc's programs, by Pulumi's tokens without ``aws:`` and class."""

from tests.engine.plugins.aws.kind import Kind

from .compute import COMPUTE
from .events import EVENTS
from .images import IMAGES
from .keys import KEYS
from .messages import MESSAGES
from .network import NETWORK
from .storage import STORAGE
from .tables import TABLES

KINDS: dict[str, Kind] = {
    **COMPUTE,
    **EVENTS,
    **IMAGES,
    **KEYS,
    **MESSAGES,
    **NETWORK,
    **STORAGE,
    **TABLES,
}
