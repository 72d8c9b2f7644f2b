"""What the doctor looks at of a server that rules tell of events: the way there."""

from __future__ import annotations

from urllib.parse import urlsplit

from adapters.endpoints.settings import Endpoint
from bot.model import checks, manifests


def checkup(endpoint: Endpoint, deps: manifests.CheckDeps) -> checks.Checkup:
    parts = urlsplit(endpoint.url)
    origin = f"{parts.scheme}://{parts.netloc}"
    return checks.Checkup(addresses=(checks.Address(origin, endpoint.ca_file),))
