"""One declaration, two uses: a type of settings, and the table of the file that is made of it."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints

import pytest
from pydantic import Field, ValidationError

from bot.app import adapters
from bot.source.secret import Secret
from bot.source.tables import settings, settings_from, table_of
from bot.source.values import (
    InFile,
    Organisations,
    PemFile,
    Seconds,
    SecretText,
    Text,
)


@settings
class Keys:
    """How it signs in."""

    secret: SecretText = Field(default="", repr=False, description="The secret.")


@settings
class Loft:
    """Pigeons."""

    name: Text = Field(description="What it is called.")
    token: SecretText = Field(repr=False, description="How it is recognised.")
    owners: Organisations = Field(default=(), description="Whose it is.")
    wait: Seconds = Field(default=10.0, description="How long one is waited for.")
    most: Annotated[int, InFile(int)] = Field(default=7, le=9, description="How many at once.")
    ca_file: PemFile = Field(default="", description="Whom it trusts.")
    rings: dict[Text, SecretText] = Field(
        default_factory=dict, repr=False, description="The rings, by name."
    )
    keys: Keys = Field(default_factory=Keys, description="See [loft.keys](#loftkeys).")

    tries: int = 3


HIDDEN = {"env": "HIDDEN"}


def table(**values: Any) -> Any:
    usual = {"name": "roof", "token": HIDDEN, "owners": ["home"]}
    return table_of(Loft).model_validate({**usual, **values})


def test_a_table_has_the_described_fields_with_their_types_and_defaults() -> None:
    made = table()
    assert list(type(made).model_fields) == [
        "name", "token", "owners", "wait", "most", "ca_file", "rings", "keys",
    ]  # fmt: skip
    assert (made.wait, made.most, made.ca_file, made.rings) == (10.0, None, None, {})
    assert isinstance(made.token, Secret)
    assert made.keys.secret is None
    assert type(made).__doc__ == "Pigeons."
    assert type(made).model_fields["wait"].description == "How long one is waited for."


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ({"token": "in the open"}, "secret"),
        ({"owners": []}, "too_short"),
        ({"wait": 0}, "greater_than"),
        ({"most": 10}, "less_than_equal"),
        ({"tries": 5}, "extra_forbidden"),
        ({"keys": {"secret": HIDDEN, "more": 1}}, "extra_forbidden"),
        ({"rings": {"a": "in the open"}}, "secret"),
    ],
)
def test_a_table_is_held_to_what_the_settings_say(values: dict[str, Any], kind: str) -> None:
    with pytest.raises(ValidationError) as caught:
        table(**values)
    assert [error["type"] for error in caught.value.errors()] == [kind]


def test_what_code_may_leave_out_and_the_file_may_not() -> None:
    assert Loft("roof", "t").owners == ()
    with pytest.raises(ValidationError) as caught:
        table_of(Loft).model_validate({"name": "roof", "token": HIDDEN})
    assert [(error["type"], error["loc"]) for error in caught.value.errors()] == [
        ("missing", ("owners",))
    ]


def test_settings_are_filled_from_a_table_and_keep_what_it_leaves_out() -> None:
    secret = Secret("env", "HIDDEN", "s3cret")
    made = table(token=secret, rings={"a": secret}, keys={"secret": secret}, ca_file="ca.pem")
    found = settings_from(Loft, made, tries=5)
    assert found == Loft(
        "roof", "s3cret", ("home",), 10.0, 7, "ca.pem", {"a": "s3cret"}, Keys("s3cret"), 5
    )
    assert "s3cret" not in repr(found) + repr(made)
    with pytest.raises(RuntimeError, match="was not read"):
        settings_from(Loft, table())


def types() -> list[type]:
    one = adapters.ADAPTERS
    outside = [*one.chats, one.cloud, one.robots, one.bus, one.endpoint, one.inlet]
    inner = [get_type_hints(each.settings) for each in outside]
    nested = [kind for hints in inner for kind in hints.values() if dataclasses.is_dataclass(kind)]
    return [each.settings for each in outside] + [one.inlet.source, *nested]


@pytest.mark.parametrize("kind", types(), ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_no_settings_of_an_adapter_show_a_secret(kind: type) -> None:
    made = table_of(kind)
    for field in dataclasses.fields(kind):
        key = made.model_fields.get(field.name)
        if key is not None and (key.annotation is Secret or Secret in get_args(key.annotation)):
            assert not field.repr, f"{kind.__name__}.{field.name} would be shown"


def test_to_know_the_adapters_imports_none_of_their_libraries() -> None:
    """Those are imported only where an adapter is configured."""
    heavy = ("aiohttp", "dingtalk_stream", "lark_oapi", "requests", "Tea", "darabonba")
    code = f"import bot.app.adapters, sys; print([m for m in {heavy} if m in sys.modules])"
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
