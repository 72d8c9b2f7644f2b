"""The alert rules and the dashboard in ``deploy/``, held against what the bot serves."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import promql_parser
import yaml
from prometheus_client import metrics_core, parser

from sandbox import process

ALERTS = process.ROOT / "deploy/prometheus/alerts.yml"
DASHBOARD = process.ROOT / "deploy/grafana/countersign.json"
SCRAPED = {"job", "instance"}
"""Labels that Prometheus adds to what it scrapes."""
FOREIGN = {"up"}
"""Metrics of Prometheus itself."""
VARIABLES = {"$__rate_interval": "5m", "$instance": ".*"}
"""What Grafana puts in."""


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load(ALERTS.read_text("utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def expressions() -> Iterator[tuple[str, str]]:
    """Every expression with where it stands."""
    for rule in alerts():
        yield f"alert {rule['alert']}", rule["expr"]
    for panel in json.loads(DASHBOARD.read_text("utf-8"))["panels"]:
        for target in panel.get("targets", ()):
            text = target["expr"]
            for variable, value in VARIABLES.items():
                text = text.replace(variable, value)
            yield f"panel {panel['title']}", text


@dataclass
class Expression:
    """What an expression is about: ``selectors`` as (metric, its matchers), ``grouped`` the labels
    that are told apart or left out."""

    selectors: list[tuple[str, list[Any]]] = field(default_factory=list)
    grouped: set[str] = field(default_factory=set)


def read(text: str) -> Expression:
    """Raises ValueError for what is no PromQL."""
    it = Expression()
    _walk(promql_parser.parse(text), it)
    return it


def _walk(node: Any, it: Expression) -> None:
    if isinstance(node, promql_parser.MatrixSelector):
        node = node.vector_selector
    if isinstance(node, promql_parser.VectorSelector):
        it.selectors.append((node.name, node.matchers.matchers))
        return
    modifier = getattr(node, "modifier", None)
    if isinstance(modifier, promql_parser.AggModifier):
        it.grouped |= set(modifier.labels)
    parts = [getattr(node, name, None) for name in ("expr", "lhs", "rhs", "param")]
    for part in [*parts, *getattr(node, "args", ())]:
        if part is not None:
            _walk(part, it)


@dataclass(frozen=True)
class Page:
    """What a scrape holds: metric → labels → values, by the names that expressions use; and what
    every family's labels are, whether it has values or not."""

    samples: dict[str, dict[str, set[str]]]

    @classmethod
    def of(cls, text: str, declared: dict[str, tuple[str, ...]]) -> Page:
        samples: dict[str, dict[str, set[str]]] = {}
        for family in parser.text_string_to_metric_families(text):
            for name in _names(family):
                samples.setdefault(name, {label: set() for label in declared.get(family.name, ())})
            for sample in family.samples:
                labels = samples.setdefault(sample.name, {})
                for label, value in sample.labels.items():
                    labels.setdefault(label, set()).add(value)
        return cls(samples)


def _names(family: metrics_core.Metric) -> Iterator[str]:
    if family.type == "histogram":
        yield from (f"{family.name}_{part}" for part in ("bucket", "count", "sum"))
    else:
        yield family.name + ("_total" if family.type == "counter" else "")


def faults(page: Page) -> list[str]:
    """What the rules and the dashboard ask for that the page does not have."""
    wrong = []
    for place, text in expressions():
        expression = read(text)
        known: set[str] = set(SCRAPED)
        for name, matchers in expression.selectors:
            if name in FOREIGN:
                continue
            labels = page.samples.get(name)
            if labels is None:
                wrong.append(f"{place}: there is no metric {name}")
                continue
            known |= {*labels, "le"} if name.endswith("_bucket") else set(labels)
            wrong += [f"{place}: {name}: {one}" for one in _unmatched(labels, matchers)]
        unknown = expression.grouped - known
        wrong += [f"{place}: nothing has the label {label}" for label in sorted(unknown)]
    return wrong


def _unmatched(labels: dict[str, set[str]], matchers: list[Any]) -> Iterator[str]:
    """Matchers of labels that are not there, or of values that no series has."""
    for matcher in matchers:
        if matcher.name in SCRAPED:
            continue
        if matcher.name not in labels:
            yield f"there is no label {matcher.name}"
            continue
        wanted = matcher.value.split("|") if "Re" in str(matcher.op) else [matcher.value]
        for value in wanted:
            if labels[matcher.name] and value not in labels[matcher.name]:
                yield f"no {matcher.name} is {value}"


def placeholders(text: str) -> set[str]:
    """The labels that a text of an alert takes from the series."""
    return set(re.findall(r"\$labels\.(\w+)", text))


def left_over(expression: Expression, page: Page) -> set[str]:
    """The labels that the series of an expression have."""
    if expression.grouped:
        return expression.grouped - {"le"}
    labels = [set(page.samples.get(name, {})) for name, _ in expression.selectors]
    return SCRAPED.union(*labels)


def documented(path: Path) -> set[str]:
    """The alerts that a page names."""
    return set(re.findall(r"`(Countersign[A-Z]\w+)`", path.read_text("utf-8")))
