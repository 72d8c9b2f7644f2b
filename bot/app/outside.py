"""From the configuration to the adapters: who the outside is, and who carries out which effect.

An adapter, and with it an SDK, is imported only where it is configured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot import config, model, store
from bot.config import schema
from bot.model import ports
from bot.oos.check import apis
from bot.runtime import outbox


class Nowhere:
    """Stands in for a platform that is no longer configured: everything sent there is refused."""

    async def perform(self, effect: model.Effect, attempt: model.Attempt) -> model.Outcome:
        return model.Refused("this platform is not configured in bot.toml", code="not_configured")


@dataclass(frozen=True, slots=True)
class Outside:
    """``ecs`` finds instances, runs scripts and makes the calls of templates, ``oos`` runs
    templates itself, ``webhook`` sends the messages of templates and rules to robots."""

    chats: Mapping[str, ports.Chat]
    ecs: ports.Executor
    oos: ports.Watched
    webhook: Any

    @classmethod
    def of(cls, settings: config.Config, clock: ports.Clock, key: bytes = b"") -> Outside:
        """The adapters that the configuration asks for; none has connected to anything yet."""
        chats: dict[str, ports.Chat] = {}
        if settings.dingtalk is not None:
            chats["dingtalk"] = dingtalk_of(settings, settings.dingtalk, clock)
        if settings.lark is not None:
            chats["lark"] = lark_of(settings, settings.lark, clock)
        cloud = cloud_of(settings.aliyun)
        return cls(
            chats,
            aliyun_of(settings, cloud, clock),
            oos_of(settings, cloud, clock, key),
            webhook_of(settings, clock),
        )

    def executor(self, engine: str) -> ports.Executor:
        """Where the runs of an engine are."""
        return self.oos if engine == "oos" else self.ecs

    def route(self, effect: model.Effect) -> outbox.Performer:
        """Who carries out an effect."""
        match effect:
            case model.StartRun(plan=plan):
                return self.executor(plan.engine)
            case model.StopRun(engine=engine) | model.SignalRun(engine=engine):
                return self.executor(engine)
            case model.FetchDefinition(engine=engine):
                return self.executor(engine)
            case model.RunCall(what=what):
                notices: outbox.Performer = self.webhook
                says = isinstance(what, model.calls.Notify | model.calls.Approve)
                return notices if says else self.ecs
            case model.ResolveTargets():
                return self.ecs
            case model.Deliver(to=model.ToWebhook()):
                robots: outbox.Performer = self.webhook
                return robots
            case model.FetchForm() | model.ListForms():
                return self.chats.get(effect.platform) or Nowhere()
            case model.Say() | model.ShowCard() | model.UpdateCard() | model.Recall():
                return self.chats.get(effect.place.platform) or Nowhere()
            case _:
                return Nowhere()

    def account(self, bucket: store.Bucket) -> store.Bucket:
        """Who counts what goes into a bucket: a robot is one, by whichever name it is reached."""
        if bucket.platform != "webhook":
            return bucket
        kind, robot = self.webhook.account(bucket.chat)
        return store.Bucket(f"webhook.{kind}", robot, bucket.kind)

    async def close(self) -> None:
        """Release connections and sessions."""
        for party in (*self.chats.values(), self.ecs, self.oos, self.webhook):
            await party.close()


def service_known(settings: config.Config | None = None) -> Callable[[str], bool]:
    """Is this product of the cloud one that templates can call here? Without a configuration, none
    but those that are known to all."""
    from adapters.aliyun import products

    named = {name.casefold() for name in settings.aliyun.endpoints} if settings else set()
    return lambda service: products.known(service) or service.casefold() in named


def models() -> apis.Models:
    """What is known of the APIs that templates call."""
    from adapters.aliyun import models

    return models.Models()


def by_stream(settings: config.Config, platform: str) -> bool:
    """Does a platform speak to us over its own connection, and not by callbacks over HTTP?"""
    return all(source.kind != platform for source in settings.sources)


def dingtalk_of(settings: config.Config, table: schema.DingTalk, clock: ports.Clock) -> ports.Chat:
    from adapters import dingtalk

    return dingtalk.DingTalk(
        dingtalk.Settings(
            client_id=table.client_id,
            client_secret=table.client_secret.reveal(),
            robot_code=table.robot_code,
            robot_name=table.robot_name,
            endpoint=table.endpoint,
            webhook_hosts=table.webhook_hosts,
            card_template=table.card_template,
            plain_template=table.plain_template,
            card_value_bytes=table.card_value_bytes,
            idle_seconds=table.idle_seconds,
            reconnect_after=table.reconnect_after,
            call_timeout=table.call_timeout,
            late_reply=table.late_reply,
            stream=by_stream(settings, "dingtalk"),
            ca_file=str(table.ca_file or ""),
        ),
        clock,
    )


def lark_of(settings: config.Config, table: schema.Lark, clock: ports.Clock) -> ports.Chat:
    from adapters import lark

    mapped = [rule.form for rule in settings.book.forms if rule.platform == "lark"]
    forms = tuple(dict.fromkeys((*mapped, *table.approvals)))
    return lark.Lark(
        lark.Settings(
            app_id=table.app_id,
            app_secret=table.app_secret.reveal(),
            domain=table.domain,
            forms=forms,
            idle_seconds=table.idle_seconds,
            reconnect_after=table.reconnect_after,
            call_timeout=table.call_timeout,
            reply_in_thread=table.reply_in_thread,
            stream=by_stream(settings, "lark"),
            ca_file=str(table.ca_file or ""),
        ),
        clock,
    )


def cloud_of(table: schema.Aliyun) -> dict[str, Any]:
    """What the adapters of Alibaba Cloud are told alike: who we are, and how to connect."""
    from adapters import openapi

    keys = table.credentials
    return {
        "credentials": openapi.Credentials(
            kind=keys.type,
            key_id=keys.key_id,
            key_secret=keys.key_secret.reveal() if keys.key_secret else "",
            security_token=keys.security_token.reveal() if keys.security_token else "",
            role_arn=keys.role_arn,
            external_id=keys.external_id,
            sts_endpoint=keys.sts_endpoint or "",
        ),
        "read_timeout": table.call_timeout,
        "ca_file": str(table.ca_file or ""),
    }


def aliyun_of(
    settings: config.Config, cloud: Mapping[str, Any], clock: ports.Clock
) -> ports.Executor:
    from adapters import aliyun

    table = settings.aliyun
    return aliyun.Aliyun(
        aliyun.Settings(
            region=table.region,
            endpoint=table.endpoint,
            endpoints=table.endpoints,
            max_instances_per_call=table.max_instances_per_call,
            page_size=table.page_size,
            **cloud,
        ),
        clock,
    )


def oos_of(
    settings: config.Config, cloud: Mapping[str, Any], clock: ports.Clock, key: bytes
) -> ports.Watched:
    from adapters import oos

    table = settings.aliyun
    return oos.Oos(
        oos.Settings(
            region=settings.oos.region or table.region,
            endpoint=table.endpoints.get("oos") or table.endpoints.get("*", ""),
            safety_check=settings.oos.safety_check,
            robots={robot.name: robot.url.reveal() for robot in settings.webhook.robot},
            key=key,
            **cloud,
        ),
        clock,
    )


def webhook_of(settings: config.Config, clock: ports.Clock) -> Any:
    from adapters import webhook

    table = settings.webhook
    return webhook.Webhook(
        webhook.Settings(
            hosts=table.hosts,
            robots=tuple(
                webhook.Robot(
                    name=robot.name,
                    url=robot.url.reveal(),
                    secret=robot.secret.reveal() if robot.secret else "",
                    keywords=robot.keywords,
                    kind=robot.platform,
                )
                for robot in table.robot
            ),
            timeout=table.timeout,
            ca_file=str(table.ca_file or ""),
        ),
        clock,
    )
