"""What a person should do about a code of the platform: the one place where hints are written.

Codes: https://help.aliyun.com/zh/ecs/developer-reference/api-error-codes (common ones and those of
ECS), https://www.alibabacloud.com/help/en/oos/developer-reference/api-oos-2019-06-01-startexecution
(and the page of each API of OOS).
"""

from __future__ import annotations

COMMON = {
    "Forbidden.RAM": "The RAM identity may not do this: grant it {product}:{action} on these "
    "resources.",
    "NoPermission": "The RAM identity may not do this: grant it {product}:{action}.",
    "InvalidAccessKeyId.NotFound": "The access key does not exist: check the key id in the "
    "configuration, and that the key was not deleted.",
    "InvalidAccessKeyId.Inactive": "The access key is disabled: enable it in the RAM console.",
    "SignatureDoesNotMatch": "The access key secret is wrong: check it in the configuration.",
    "IncompleteSignature": "The access key secret is wrong: check it in the configuration.",
    "InvalidSecurityToken.Expired": "The temporary credentials have expired: renew them.",
    "InvalidTimeStamp.Expired": "This machine's clock is off by more than 15 minutes: set it.",
    "InvalidRegionId.NotFound": "There is no such region: check it in the configuration.",
}
"""For every product that has nothing of its own to say."""

OWN = {
    "ecs": {
        "Forbidden.RAM": "The RAM identity may not do this: grant it ecs:{action} on these "
        "instances.",
        "InvalidInstance.NotFound": "An instance does not exist (any more) in this region: ask "
        "again, so that the instances are looked up anew.",
        "InvalidInstance.NotMatch": "An instance cannot take this kind of command: check its "
        "system.",
        "InvalidCmdId.NotFound": "The stored command does not exist in this region: check its id.",
        "InstanceIds.ExceedLimit": "Too many instances for one call: ask for fewer.",
        "CmdContent.ExceedLimit": "The script is longer than 24 KB in Base64: shorten it, or keep "
        "it on the instances.",
        "CmdCount.ExceedQuota": "Too many stored commands in this region: delete some.",
        "Parameter.Disabled": "The stored command takes no parameters: create it with "
        "EnableParameter.",
        "Parameter.NotMatched": "The parameters are not those of the stored command: compare their "
        "names.",
        "InvalidParameter.Timeout": "The time-out must be between 10 and 86400 seconds.",
    },
    "oos": {
        "Forbidden.RAM": "The RAM identity may not do this: grant it oos:{action}.",
        "NoPermission": "The RAM identity may not do this: grant it oos:{action}, and to assume "
        "the role where one is configured.",
        "EntityNotExists.Template": "The template does not exist on OOS in this region: create it "
        "there, or check its name in the configuration.",
        "EntityNotExists.Execution": "The execution does not exist (any more) in this region.",
    },
    "sts": {
        "NoPermission": "The RAM identity may not assume the role: check the role's trust policy.",
    },
}
"""By product, in lower case; "sts" is asked by the SDK itself, for an assumed role."""


def hint(code: str, product: str, action: str) -> str:
    """What to do about a refusal with this code; "": nothing is known."""
    text = OWN.get(product, {}).get(code) or COMMON.get(code, "")
    return text.format(product=product, action=action)
