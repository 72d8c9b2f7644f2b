"""What every sandbox would import for itself at its first calls: the models of the SDKs.

The process that the tests' sandboxes are forked from imports this once (``PRELOAD``), as it takes
longer than most of what a sandbox does in its life.
"""

from __future__ import annotations

import gc
import importlib

from sandbox.aliyun import parameters as ecs
from sandbox.oos import parameters as oos

for product in ("card", "gateway", "oauth2", "robot", "workflow"):
    importlib.import_module(f"alibabacloud_dingtalk.{product}_1_0.models")
ecs.API.load()
oos.API.load()
gc.freeze()
