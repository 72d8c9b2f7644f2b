"""Where the products' APIs are: their versions, their hosts, and what is odd about their calls.

Pure data: nothing of an SDK is needed. Source: each product's "Endpoints" page, such as
https://help.aliyun.com/zh/vpc/developer-reference/api-vpc-2016-04-28-endpoint, and
https://api.aliyun.com/product/Ecs.
"""

from __future__ import annotations

from dataclasses import dataclass

_MAIN = frozenset(
    {
        "cn-qingdao", "cn-beijing", "cn-hangzhou", "cn-shanghai", "cn-shenzhen", "cn-hongkong",
        "ap-southeast-1", "us-west-1", "us-east-1",
    }
)  # fmt: skip
"""The regions that the older products serve from one host."""


@dataclass(frozen=True, slots=True)
class Product:
    """One product. ``host``: may hold ``{region}``; ``central`` is the host of the regions ``main``
    where it is another. ``json``: parameters that are JSON text, whatever the template writes.
    ``tag``: what the API calls the list that templates write as ``Tags``."""

    version: str
    host: str
    central: str = ""
    main: frozenset[str] = _MAIN
    json: frozenset[str] = frozenset()
    tag: str = "Tags"

    def at(self, region: str) -> str:
        """The host for a region."""
        if self.central and region in self.main:
            return self.central
        return self.host.format(region=region)


def _regional(version: str, name: str, tag: str = "Tags", *json: str) -> Product:
    return Product(version, f"{name}.{{region}}.aliyuncs.com", json=frozenset(json), tag=tag)


def _mixed(version: str, name: str, tag: str = "Tags", *json: str) -> Product:
    host, central = f"{name}.{{region}}.aliyuncs.com", f"{name}.aliyuncs.com"
    return Product(version, host, central, json=frozenset(json), tag=tag)


def _single(version: str, host: str, *json: str) -> Product:
    return Product(version, host, json=frozenset(json))


PRODUCTS: dict[str, Product] = {
    "ecs": _regional("2014-05-26", "ecs", "Tag"),
    "vpc": _mixed("2016-04-28", "vpc", "Tag"),
    "slb": _mixed("2014-05-15", "slb", "Tag", "BackendServers", "RuleList"),
    "alb": _regional("2020-06-16", "alb", "Tag"),
    "nlb": _regional("2022-04-30", "nlb", "Tag"),
    "rds": _mixed("2014-08-15", "rds", "Tag"),
    "r-kvstore": _mixed("2015-01-01", "r-kvstore", "Tag"),
    "dds": _mixed("2015-12-01", "mongodb", "Tag"),
    "polardb": _mixed("2017-08-01", "polardb", "Tag"),
    "ess": _mixed("2014-08-28", "ess"),
    "ros": _single("2019-09-10", "ros.aliyuncs.com"),
    "oos": _regional("2019-06-01", "oos", "Tags", "Parameters", "Tags"),
    "ram": _single("2015-05-01", "ram.aliyuncs.com"),
    "sts": _single("2015-04-01", "sts.aliyuncs.com"),
    "cms": _regional("2019-01-01", "metrics", "Tags", "Dimensions", "Resources"),
    "kms": _regional("2016-01-20", "kms"),
    "cs": _regional("2015-12-15", "cs"),
    "cr": _regional("2018-12-01", "cr"),
    "cas": _single("2020-04-07", "cas.aliyuncs.com"),
    "cdn": _single("2018-05-10", "cdn.aliyuncs.com"),
    "dcdn": _single("2018-01-15", "dcdn.aliyuncs.com"),
    "alidns": _single("2015-01-09", "alidns.aliyuncs.com"),
    "resourcemanager": _single("2020-03-31", "resourcemanager.aliyuncs.com"),
    "tag": _regional("2018-08-28", "tag", "Tags", "Tags"),
    "actiontrail": _regional("2020-07-06", "actiontrail"),
    "eci": _regional("2018-08-08", "eci", "Tag"),
    "ecd": _regional("2020-09-30", "ecd", "Tag"),
    "nas": _regional("2017-06-26", "nas", "Tag"),
    "cbn": _single("2017-09-12", "cbn.aliyuncs.com"),
    "bssopenapi": _single("2017-12-14", "business.aliyuncs.com"),
    "computenest": _regional("2021-06-01", "computenest"),
    "computenestsupplier": _regional("2021-05-21", "computenestsupplier"),
    "location": _single("2015-06-12", "location-readonly.aliyuncs.com"),
}
ALIASES = {
    "redis": "r-kvstore",
    "kvstore": "r-kvstore",
    "mongodb": "dds",
    "cen": "cbn",
    "bss": "bssopenapi",
    "dns": "alidns",
    "ack": "cs",
    "acr": "cr",
    "rm": "resourcemanager",
}
"""Other names that templates use: the product's in RAM, or what people call it."""

RAM = {"r-kvstore": "kvstore", "cbn": "cen", "bssopenapi": "bssapi", "cas": "yundun-cert"}
"""What policies of RAM call a product, where that is another name."""


def find(service: str) -> Product | None:
    """The product of a service's name in any case; None: it is not known."""
    name = code(service)
    return PRODUCTS.get(name)


def code(service: str) -> str:
    """The name under which a service stands in the table and in the configuration."""
    name = service.strip().lower()
    return ALIASES.get(name, name)


def known(service: str) -> bool:
    """Can calls of this service be made without the template giving version and endpoint?"""
    return find(service) is not None
