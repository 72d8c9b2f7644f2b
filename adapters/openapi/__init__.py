"""What the adapters of Alibaba Cloud share: the official SDK's client, its threads, who we are,
when a call is tried again, and what a failed one means.

It is no adapter itself: nothing here implements a door of ``bot.model.ports``. No SDK is imported
before the first call.
"""

from __future__ import annotations

from adapters.openapi.api import Api as Api
from adapters.openapi.api import Request as Request
from adapters.openapi.api import pause as pause
from adapters.openapi.clients import is_region as is_region
from adapters.openapi.clients import sdk as sdk
from adapters.openapi.credentials import session_name as session_name
from adapters.openapi.failures import MISMATCH as MISMATCH
from adapters.openapi.failures import Failure as Failure
from adapters.openapi.recent import Recent as Recent
from adapters.openapi.replay import Interpreter as Interpreter
from adapters.openapi.settings import Credentials as Credentials
from adapters.openapi.settings import Settings as Settings
from adapters.openapi.starts import AT_TAG as AT_TAG
from adapters.openapi.starts import BATCH_TAG as BATCH_TAG
from adapters.openapi.starts import DIGEST_TAG as DIGEST_TAG
from adapters.openapi.starts import STEP_TAG as STEP_TAG
from adapters.openapi.starts import Starts as Starts
from adapters.openapi.starts import fits as fits
from adapters.openapi.starts import objection as objection
from adapters.openapi.starts import stranger as stranger
