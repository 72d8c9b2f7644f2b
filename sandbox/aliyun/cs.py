"""Container Service 2015-12-15: a small ROA product, by method and path, with JSON bodies.

Source: https://help.aliyun.com/zh/ack/ack-managed-and-ack-dedicated/developer-reference/api-overview.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox import world
from sandbox.aliyun.errors import ApiError
from sandbox.aliyun.products import Params, Request
from sandbox.aliyun.state import iso
from sandbox.base import Clock

VERSION = "2015-12-15"
CLUSTER, POOL = "c0sandbox0cluster", "np0sandbox0pool"


@dataclass
class Task:
    """A job of the cluster: it succeeds at ``due``."""

    id: str
    kind: str
    due: float


class Cs:
    """One cluster with one node pool, which can be scaled out. ``seconds``: how long that takes."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.seconds = 1.0
        self.nodes = 2
        self.tasks: dict[str, Task] = {}
        self._numbers = itertools.count(1)
        self._created = clock.now()
        self._routes: tuple[tuple[str, str, str, Callable[..., dict[str, Any]]], ...] = (
            ("DescribeClustersV1", "GET", r"/api/v1/clusters", self._clusters),
            ("DescribeClusterDetail", "GET", r"/clusters/([^/]+)", self._detail),
            (
                "ScaleClusterNodePool",
                "POST",
                r"/clusters/([^/]+)/nodepools/([^/]+)",
                self._scale,
            ),
            ("DescribeTaskInfo", "GET", r"/tasks/([^/]+)", self._task),
        )

    async def handle(self, action: str, params: Params, request: Request) -> dict[str, Any]:
        """The path decides; an action that is named must be the path's. Raises ApiError."""
        came = request.incoming
        for name, method, pattern, act in self._routes:
            if came.method == method and (found := re.fullmatch(pattern, came.path)):
                if action not in (name, f"{method} {came.path}"):
                    raise ApiError(404, "InvalidAction.NotFound", f"This path is {name}.")
                return act(params, came.body, *found.groups())
        raise ApiError(404, "InvalidAction.NotFound", f"No such path: {came.method} {came.path}.")

    def _about(self) -> dict[str, Any]:
        return {
            "cluster_id": CLUSTER,
            "name": "main",
            "region_id": world.ALIYUN_REGION,
            "state": "running",
            "size": self.nodes,
            "created": iso(self._created),
        }

    def _clusters(self, params: Params, body: bytes) -> dict[str, Any]:
        fits = params.get("name", "main") in ("", "main") and params.get("region_id", "") in (
            "",
            world.ALIYUN_REGION,
        )
        found = [self._about()] if fits else []
        page = {"page_number": 1, "page_size": 10, "total_count": len(found)}
        return {"clusters": found, "page_info": page}

    def _detail(self, params: Params, body: bytes, cluster: str) -> dict[str, Any]:
        self._known(cluster)
        return self._about()

    def _scale(self, params: Params, body: bytes, cluster: str, pool: str) -> dict[str, Any]:
        self._known(cluster)
        if pool != POOL:
            raise ApiError(404, "NodePoolNotFound", f"Node pool {pool} not found.")
        try:
            asked = json.loads(body or b"{}")
        except ValueError:
            raise ApiError(400, "InvalidRequestBody", "The body is not JSON.") from None
        count = asked.get("count") if isinstance(asked, dict) else None
        if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= 100:
            raise ApiError(400, "InvalidParameter", "count is a number from 1 to 100.")
        self.nodes += count
        due = self.clock.now() + self.seconds
        task = Task(f"T-sandbox{next(self._numbers):04d}", "nodepool_scaleout", due)
        self.tasks[task.id] = task
        return {"task_id": task.id}

    def _task(self, params: Params, body: bytes, id: str) -> dict[str, Any]:
        task = self.tasks.get(id)
        if task is None:
            raise ApiError(404, "TaskNotFound", f"Task {id} not found.")
        done = self.clock.now() >= task.due
        return {
            "task_id": task.id,
            "cluster_id": CLUSTER,
            "task_type": task.kind,
            "state": "success" if done else "running",
        }

    @staticmethod
    def _known(cluster: str) -> None:
        if cluster != CLUSTER:
            raise ApiError(404, "ErrorClusterNotFound", f"Cluster {cluster} not found.")
