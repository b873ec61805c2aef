"""The recipes as a contribution to SpeechBrain: exported, and checked."""

from emoclust_lobes.upstream.contracts import broken_contracts
from emoclust_lobes.upstream.errors import UpstreamError
from emoclust_lobes.upstream.export import check_destination, make_tree, overlay
