"""The APIs of OOS that the stand-in serves, and what each takes."""

from __future__ import annotations

from sandbox.aliyun.reference import Reference

REQUIRED: dict[str, tuple[str, ...]] = {
    "ValidateTemplateContent": (),
    "StartExecution": (),
    "ListExecutions": (),
    "ListTaskExecutions": (),
    "ListExecutionLogs": ("ExecutionId",),
    "NotifyExecution": ("ExecutionId", "NotifyType"),
    "CancelExecution": ("ExecutionId",),
    "CreateTemplate": ("TemplateName", "Content"),
    "UpdateTemplate": ("TemplateName", "Content"),
    "ListTemplates": (),
    "GetTemplate": ("TemplateName",),
    "GenerateExecutionPolicy": (),
}

API = Reference("alibabacloud_oos20190601.models", REQUIRED)
