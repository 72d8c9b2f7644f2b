"""What a capture keeps in place of secrets and people."""

from __future__ import annotations

import ast
import base64
import gzip
import json
import re
import unicodedata
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, unquote_plus, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.redact import encodings
from bot.redact.disguise import Disguise, Terms
from bot.redact.pseudonyms import Pseudonyms
from bot.source import masks
from tests.properties import examples

PEOPLE = ("u-bob", "ou_bob", "Bob", "Alice Wang", "王小明", "manager4711")
SECRETS = ("s3cret/value+1", "LTAIabcdef")
IDS = st.one_of(
    st.from_regex(r"ou_[0-9a-f]{32}", fullmatch=True),
    st.from_regex(r"u-[a-z]{3,12}", fullmatch=True),
    st.from_regex(r"[0-9]{1,20}", fullmatch=True),
    st.from_regex(r"[A-Za-z0-9]{1,24}", fullmatch=True),
    st.text(max_size=20),
)


def disguise() -> Disguise:
    terms = Terms(PEOPLE, SECRETS, {"password"}, {"Password field"}, {"restart"}, ("ou_",))
    return Disguise(terms)


def everything(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


ENCODERS = {
    "plain": str,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64-of-gzip": lambda text: base64.b64encode(gzip.compress(text.encode())).decode(),
    "url": lambda text: quote(text, safe=""),
    "json": lambda text: json.dumps({"deep": json.dumps([text])}),
    "escaped": lambda text: json.dumps(text)[:-1],
    "broken-json": lambda text: '{"sender": {"userId": "' + text + '", "cut',
    "base64-of-json": lambda text: base64.b64encode(json.dumps({"a": text}).encode()).decode(),
    "in-a-sentence": lambda text: f"please ask {text}, or <@{text}>",
}


@pytest.mark.parametrize("encoder", ENCODERS)
def test_nobody_and_no_secret_is_readable_however_it_is_written(encoder: str) -> None:
    for original in (*PEOPLE, *SECRETS):
        kept = disguise().value({"content": ENCODERS[encoder](f"see {original} now")})
        plain = kept["content"]
        for _ in range(4):  # whoever looks decodes, too
            plain += encodings.within(plain, lambda text: f"{text} {encodings.within(text, str)}")
            plain += "".join(re.findall(r"\w+", plain))
        decoded = everything(kept) + decoded_forms(kept["content"])
        assert original.lower() not in decoded.lower(), (original, kept)


CODINGS: dict[str, tuple[Callable[[str], str], Callable[[str], str]]] = {
    "form": (
        lambda text: urlencode({"card": json.dumps({"a": json.dumps({"b": [text]})})}),
        lambda kept: json.loads(json.loads(unquote_plus(kept[5:]))["a"])["b"][0],
    ),
    "cut-json-in-json": (
        lambda text: json.dumps(json.dumps({"a": text}))[:-2],
        lambda kept: json.loads(json.loads(kept + '}"'))["a"],
    ),
    "bytes-of-python": (
        lambda text: repr(f"é {text}".encode()),
        lambda kept: str(ast.literal_eval(kept.replace("•", "*")).decode()),
    ),
    "colours": (
        lambda text: base64.b64encode(f"\x1b[31m{text}\x1b[0m".encode()).decode(),
        lambda kept: base64.b64decode(kept).decode(),
    ),
    "cut-off": (
        lambda text: base64.b64encode(f"{text} 完".encode()[:-1]).decode(),
        lambda kept: base64.b64decode(kept).decode("utf-8", "ignore"),
    ),
    "utf-16": (
        lambda text: base64.b64encode(f"ask {text}".encode("utf-16-le")).decode(),
        lambda kept: base64.b64decode(kept).decode("utf-16-le"),
    ),
    "gbk": (
        lambda text: base64.b64encode(f"请问问{text}然后".encode("gbk")).decode(),
        lambda kept: base64.b64decode(kept).decode("gb18030"),
    ),
}


@pytest.mark.parametrize("coding", CODINGS)
def test_what_scripts_print_and_clients_send_is_read_as_it_is_written(coding: str) -> None:
    write, read = CODINGS[coding]
    for original in (*PEOPLE, *SECRETS):
        kept = read(str(disguise().value({"content": write(f"see {original} now")})["content"]))
        assert original not in kept
        assert re.search("see .+ now", kept), kept


def decoded_forms(text: str) -> str:
    """All that stands encoded in a text, one after the other."""
    seen: list[str] = []

    def note(part: str) -> str:
        seen.append(part)
        encodings.within(part, note)
        return part

    encodings.within(text, note)
    return " ".join(seen)


def test_the_same_person_is_the_same_everywhere() -> None:
    kept = disguise().value(
        {
            "senderStaffId": "u-bob",
            "sender": {"open_id": "ou_bob", "name": "Bob"},
            "content": "Bob (u-bob) asks BOB",
        }
    )
    core = kept["senderStaffId"].removeprefix("u-")
    assert kept["sender"] == {"open_id": f"ou_{core}", "name": core.capitalize()}
    assert kept["content"] == f"{core.capitalize()} (u-{core}) asks {core.upper()}"


def test_who_is_not_configured_is_learned_by_the_name_of_the_field() -> None:
    learner = disguise()
    first = learner.value({"senderNick": "Zoe Quinn", "userId": 4711234, "mobile": "13812345678"})
    later = learner.value({"text": {"content": "Zoe Quinn, 4711234, 13812345678"}})
    assert later["text"]["content"] == ", ".join(map(str, first.values()))
    before = disguise().value({"text": "ask Zoe Quinn", "from": {"senderNick": "Zoe Quinn"}})
    assert "Zoe" not in everything(before)
    assert isinstance(first["userId"], int)
    assert "Zoe" not in everything(first)


def test_mails_and_mobiles_are_replaced_in_any_text() -> None:
    text = "zed@corp.com.cn or 138-1234-5678, +491511234567; not 1796022309320 nor 2026-11-30"
    kept = disguise().text(text)
    assert re.fullmatch(
        r"\w+@example\.com or 1\d\d-\d{4}-\d{4}, \+\d{12}; not 1796022309320 nor 2026-11-30", kept
    )
    assert "1234-5678" not in kept
    forms = disguise().text("13812345678 +8613812345678 +86-13812345678 8613812345678").split()
    assert forms[1:3] == [f"+86{forms[0]}", f"+86-{forms[0]}"]
    assert "13812345678" not in forms[3]
    assert "57188158198" not in disguise().text("+8657188158198")


@pytest.mark.parametrize(
    "text",
    [
        "008613812345678", "(+86) 13812345678", "（86）13812345678", "138\u00a01234\u00a05678",
        "138.1234.5678", "138 123 45678", "1381 234 5678", "１３８１２３４５６７８",
        "tel_13812345678",
    ],
)  # fmt: skip
def test_a_mobile_is_replaced_whatever_stands_in_it(text: str) -> None:
    kept = re.sub(r"[^0-9０-９]", "", disguise().text(f"call {text} now"))
    assert "13812345678" not in unicodedata.normalize("NFKC", kept)


def test_a_secret_with_spaces_is_covered_in_forms_and_by_the_name_beside_it() -> None:
    words = Disguise(Terms(secrets=("correct horse",), hidden=("password",)))
    assert "horse" not in words.text(urlencode({"q": "correct horse"}))
    value = {"Parameters": [{"ParameterKey": "password", "ParameterValue": "Hunter2xyz"}]}
    assert "Hunter2xyz" not in everything(words.value(value))


def test_what_is_hidden_is_covered_and_from_then_on_known() -> None:
    learner = disguise()
    said = learner.value({"text": 'hunter2 x, deploy web-01 password="hunter2 x"'})
    assert said["text"] == f"{masks.MASK}, deploy web-01 password={masks.MASK}"
    script = base64.b64encode(b"login hunter2 x").decode()
    kept = learner.value({"CommandContent": script})["CommandContent"]
    assert base64.b64decode(kept).decode() == f"login {masks.MASK}"
    learner.learn_secret(190733)
    assert learner.value({"pin": 190733, "text": "190733"}) == {"pin": 0, "text": masks.MASK}
    form = [{"name": "Password field", "value": "geheim99"}, {"name": "Host", "value": "web-01"}]
    assert learner.value(form)[0]["value"] == masks.MASK
    assert learner.value(form)[1]["value"] == "web-01"
    assert masks.MASK in learner.text("it is geheim99")


@pytest.mark.parametrize(
    "value",
    [
        {"accessToken": "abc12345"},
        {"headers": {"Authorization": "Bearer abc12345"}},
        {"headers": {"Cookie": "sid=abc12345"}},
        {"data": {"URL": "wss://host/ws?device_id=1&access_key=abc12345&ticket=abc12345"}},
        {"sessionWebhook": "https://host/robot/sendBySession?session=abc12345"},
        {"url": "https://host/robot/send?access_token=abc12345&sign=abc12345%3D"},
        {"header": {"token": "abc12345"}, "encrypt": "abc12345"},
        {"log": "ticket=abc12345 and 'secret': 'abc12345'"},
    ],
)
def test_tokens_and_tickets_are_covered_by_their_names(value: dict[str, Any]) -> None:
    assert "abc12345" not in everything(disguise().value(value))


def test_words_of_the_protocol_stay_even_if_somebody_is_called_so() -> None:
    odd = Disguise(Terms(["text", "restart", "message"], words=["restart"]))
    frame = {"type": "text", "msgtype": "text", "text": {"content": "restart web-01"}}
    assert odd.value(frame) == frame


@given(st.lists(IDS, max_size=8, unique=True))
@settings(max_examples=examples(200), deadline=None)
def test_pseudonyms_are_consistent_apart_and_of_the_same_shape(originals: list[str]) -> None:
    names = Pseudonyms()
    issued = [names.of(one) for one in originals]
    assert issued == [names.of(one) for one in originals]
    assert [names.of(one) for one in issued] == issued
    for original, pseudonym in zip(originals, issued, strict=True):
        assert "@" in original or pseudonym.isascii() == original.isascii()
        assert "@" in original or len(original) <= len(pseudonym) <= 6 * len(original)
        if original.isascii() and original.isdigit():
            assert pseudonym.isdigit()
        if original.startswith("ou_"):
            assert pseudonym.startswith("ou_")
    runs = {one.casefold() for one in originals if one.isascii() and one.isalnum()}
    shown = {names.of(one).casefold() for one in runs}
    assert len(shown) == len(runs)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["userId", "name", "content", "token", "id", "open_id", "data"])
            | st.text(max_size=8),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def shape(value: object) -> object:
    """Types and sizes: what a reader relies on."""
    if isinstance(value, dict):
        return [shape(part) for part in value.values()]
    if isinstance(value, list):
        return [shape(part) for part in value]
    return type(value).__name__


@given(JSON)
@settings(max_examples=examples(300), deadline=None)
def test_any_value_keeps_its_shape_and_is_disguised_once(value: object) -> None:
    one = disguise()
    kept = one.value(value)
    assert shape(kept) == shape(value)
    assert one.value(kept) == kept


@given(st.text(max_size=60), st.sampled_from(PEOPLE), st.text(max_size=60))
@settings(max_examples=examples(300), deadline=None)
def test_a_known_name_is_in_no_text(before: str, name: str, after: str) -> None:
    kept = disguise().text(f"{before} {name} {after}")
    assert not re.search(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", kept)


def test_another_capture_has_other_pseudonyms() -> None:
    assert Disguise(Terms(PEOPLE)).text("u-bob") != Disguise(Terms(PEOPLE)).text("u-bob")


def test_long_texts_take_time_by_their_length_alone() -> None:
    for text in ("a" * 400_000, "a%41" + "b" * 400_000, "@" + "x." * 200_000, "{" * 100_000):
        kept = disguise().text(text)
        assert len(kept) >= len(text) - 4


def test_lists_of_people_are_replaced_however_they_are_written() -> None:
    value = {
        "userIds": ["u-zoe1", "u-zoe2"],
        "atUserIds": '["u-zoe3", 4711234]',
        "approverUserIds": "u-zoe4,u-zoe5",
        "ccUserIds": "[cut",
    }
    kept = disguise().value(value)
    assert "zoe" not in everything(kept)
    assert "4711234" not in everything(kept)
    assert len(json.loads(kept["atUserIds"])) == 2
    assert kept["approverUserIds"].count(",") == 1


def test_nobody_is_uncovered_by_what_an_application_calls_itself() -> None:
    one = disguise()
    kept = one.value([{"app_name": "Bob"}, {"app_name": "Ops Bot"}, {"nick": "Ops Bot"}, "by Bob"])
    assert "Bob" not in everything(kept)
    assert kept[1:3] == [{"app_name": "Ops Bot"}, {"nick": "Ops Bot"}]


def test_another_configuration_is_known_from_then_on_and_the_former_stays_so() -> None:
    one = Disguise(Terms(["u-bob"], ["s3cret-1"]))
    bob = one.text("u-bob")
    one.know(Terms(["u-zoe"], ["s3cret-2"], {"pin"}, starts=("ou_",)))
    kept = one.text("u-bob u-zoe ou_4711 s3cret-1 s3cret-2 pin=12345")
    assert kept.startswith(bob)
    for word in ("zoe", "4711", "s3cret", "12345"):
        assert word not in kept
    assert "12345" not in one.text("the pin is 12345")


def test_whoever_filed_a_form_or_stands_in_its_fields_is_replaced() -> None:
    form = [
        {"title": "张三提交的运维申请"},
        {"remark": "张三 and 李四"},
        {"name": "Helper", "value": '["李四"]', "extValue": '[{"emplId": "0902", "name": "李四"}]'},
        {"id_type": "open_id", "user_id_list": ["open_id"], "open_id": "ou_1234"},
    ]
    kept = everything(disguise().value(form))
    for word in ("张三", "李四", "0902", "ou_1234"):
        assert word not in kept
    assert kept.count('"open_id"') >= 2, "the names of fields stay"


def test_names_of_fields_stay_whatever_they_stand_in() -> None:
    value = {
        "userList": [{"userId": "u-zoe", "name": "Zoe", "status": "agree"}],
        "secret": {"value": "s3cr3t-x", "list": ["s3cr3t-y"]},
        "password": [{"name": "s3cr3t-z"}],
    }
    kept = disguise().value(value)
    assert shape(kept) == shape(value)
    assert list(kept) == list(value)
    [user] = kept["userList"]
    assert list(user) == ["userId", "name", "status"]
    assert user["status"] == "agree"
    assert "s3cr3t" not in everything(kept)
