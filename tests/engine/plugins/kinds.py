"""The types of resources in dorc's programs, by Pulumi's tokens without ``aws:`` and class."""

from .kind import Kind
from .kinds_compute import COMPUTE
from .kinds_events import EVENTS
from .kinds_images import IMAGES
from .kinds_messages import MESSAGES
from .kinds_network import NETWORK
from .kinds_storage import STORAGE

KINDS: dict[str, Kind] = {**COMPUTE, **EVENTS, **IMAGES, **MESSAGES, **NETWORK, **STORAGE}
