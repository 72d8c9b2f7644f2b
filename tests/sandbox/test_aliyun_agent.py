"""What the ECS stand-in's agents do with scripts: they really run, end, and are ended."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sandbox.aliyun import Aliyun
from sandbox.aliyun.state import HEAD, QUOTA, Output
from tests.sandbox.aliyun_party import NO_AGENT, SWITCHED_OFF, WEB1, WEB2, Sdk, until


def gone(pid: int) -> bool:
    """True if a process has ended, reaped or not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


async def file(party: Aliyun, name: str, instance: str = WEB1) -> str:
    """A file's text once a script has written it."""

    async def written() -> bool:
        return bool((await party.files(instance)).get(name))

    await until(written)
    return (await party.files(instance))[name]


async def test_a_script_runs_in_its_instance_alone(party: Aliyun, sdk: Sdk) -> None:
    os.environ["COUNTERSIGN_TEST_SECRET"] = "inherited"
    try:
        result = await sdk.result(
            await sdk.run('pwd; echo "$HOME"; hostname; whoami; env; echo err >&2; exit 7')
        )
    finally:
        del os.environ["COUNTERSIGN_TEST_SECRET"]
    home = str(party.cloud.machines[WEB1].folder)
    assert result["Output"].splitlines()[:4] == [home, home, "web-01", "root"]
    assert result["Output"].endswith("err\n")
    assert "COUNTERSIGN_TEST_SECRET" not in result["Output"]
    assert (result["InvocationStatus"], result["ExitCode"]) == ("Failed", 7)
    assert (result["ErrorCode"], result["InvokeRecordStatus"]) == ("ExitCodeNonzero", "Finished")
    assert await party.runs(WEB2) == []
    assert [r["exit_code"] for r in await party.runs(WEB1)] == [7]


async def test_scripts_run_at_the_same_time(party: Aliyun, sdk: Sdk) -> None:
    script = "mkfifo {0} 2>/dev/null; echo x > {0}"
    waits = await sdk.run(script.format("pipe"))
    wakes = await sdk.run("until [ -p pipe ]; do sleep 0.01; done; cat pipe")
    assert (await sdk.result(wakes))["Output"] == "x\n"
    assert (await sdk.result(waits))["InvocationStatus"] == "Success"


async def test_a_script_may_name_its_interpreter(sdk: Sdk) -> None:
    result = await sdk.result(await sdk.run("#!/usr/bin/env python3\nprint(6 * 7)"))
    assert result["Output"] == "42\n"


async def test_timeout_kills_the_whole_group(party: Aliyun, sdk: Sdk) -> None:
    invocation = await sdk.run("sleep 1000 & echo $! > child; wait", Timeout=600)
    child = int(await file(party, "child"))
    party.clock.advance(599)
    assert not gone(child)
    party.clock.advance(2)
    result = await sdk.result(invocation)
    assert (result["InvocationStatus"], result["ErrorCode"]) == ("Timeout", "ExecutionTimeout")
    assert (result["InvokeRecordStatus"], result.get("ExitCode")) == ("Failed", None)
    await until(lambda: gone(child))


async def test_stop_kills_what_runs(party: Aliyun, sdk: Sdk) -> None:
    invocation = await sdk.run("sleep 1000 & echo $! > child; wait", WEB1, WEB2)
    child, other = int(await file(party, "child")), int(await file(party, "child", WEB2))
    await sdk.call("StopInvocation", InvokeId=invocation, InstanceId=[WEB1])
    await until(lambda: gone(child))
    assert not gone(other)
    await sdk.call("StopInvocation", InvokeId=invocation)
    await until(lambda: gone(other))

    async def stopped() -> bool:
        return {r["InvocationStatus"] for r in await sdk.results(InvokeId=invocation)} == {
            "Terminated"
        }

    await until(stopped)


async def test_stop_cancels_what_has_not_started(party: Aliyun, sdk: Sdk) -> None:
    await party.fault("deliver", "hold", seconds=50)
    invocation = await sdk.run("touch ran")
    (item,) = await sdk.results(InvokeId=invocation)
    assert item["InvocationStatus"] == "Pending"
    await sdk.call("StopInvocation", InvokeId=invocation)
    result = await sdk.result(invocation)
    assert (result["InvocationStatus"], result["InvokeRecordStatus"]) == ("Cancelled", "Stopped")
    assert result["StopTime"]
    assert await party.runs() == []


async def test_what_cannot_be_delivered_is_aborted(party: Aliyun, sdk: Sdk) -> None:
    await party.fault("deliver", "hold", seconds=61)
    invocation = await sdk.run("true")
    assert party.agents.jobs
    party.clock.advance(61)
    result = await sdk.result(invocation)
    assert (result["InvocationStatus"], result["ErrorCode"]) == ("Aborted", "DeliveryTimeout")


@pytest.mark.parametrize(
    ("instance", "fields", "status", "code"),
    [
        (NO_AGENT, {}, "Aborted", "ClientNotRunning"),
        (SWITCHED_OFF, {}, "Aborted", "InstanceNotRunning"),
        (WEB1, {"Username": "nobody-knows"}, "Invalid", "AccountNotExists"),
        (WEB1, {"WorkingDir": "/no/such"}, "Invalid", "DirectoryNotExists"),
        (WEB1, {"WorkingDir": "../../.."}, "Invalid", "DirectoryNotExists"),
        (WEB1, {"Type": "RunBatScript"}, "Invalid", "CommandNotApplicable"),
    ],
)
async def test_what_cannot_run_says_why(
    party: Aliyun, sdk: Sdk, instance: str, fields: dict[str, str], status: str, code: str
) -> None:
    result = await sdk.result(await sdk.run("true", instance, **fields))
    assert (result["InvocationStatus"], result["ErrorCode"]) == (status, code)
    assert result["ErrorInfo"]
    assert await party.runs() == []


async def test_switching_off_interrupts(party: Aliyun, sdk: Sdk) -> None:
    invocation = await sdk.run("echo $$ > pid; sleep 1000")
    pid = int(await file(party, "pid"))
    await party.set_instance(WEB1, "Stopped")
    result = await sdk.result(invocation)
    assert (result["InvocationStatus"], result["ErrorCode"]) == ("Failed", "ExecutionInterrupted")
    await until(lambda: gone(pid))
    assert (await sdk.result(await sdk.run("true")))["ErrorCode"] == "InstanceNotRunning"


async def test_a_silent_agent_reports_when_it_is_back(party: Aliyun, sdk: Sdk) -> None:
    invocation = await sdk.run("until [ -e go ]; do sleep 0.01; done; echo done > end")
    await until(lambda: bool(party.cloud.started))
    await party.set_agent(WEB1, False)
    (party.cloud.machines[WEB1].folder / "go").touch()
    await file(party, "end")
    await until(lambda: party.cloud.started[0]["exit_code"] == 0)
    (item,) = await sdk.results(InvokeId=invocation)
    assert item["InvocationStatus"] == "Running"
    await party.set_agent(WEB1, True)
    assert (await sdk.result(invocation))["InvocationStatus"] == "Success"


async def test_exit_code_193_switches_off(party: Aliyun, sdk: Sdk) -> None:
    assert (await sdk.result(await sdk.run("exit 193")))["ExitCode"] == 193
    await until(lambda: party.cloud.machines[WEB1].status == "Stopped")


async def test_long_output_loses_its_middle(sdk: Sdk) -> None:
    result = await sdk.result(await sdk.run("for n in {10000..19999}; do echo $n; done"))
    whole = "".join(f"{n}\n" for n in range(10000, 20000))
    assert result["Output"] == whole[:HEAD] + whole[-(QUOTA - HEAD) :]
    assert result["Dropped"] == len(whole) - QUOTA


@pytest.mark.parametrize("size", [0, 1, HEAD, HEAD + 1, QUOTA, QUOTA + 1, QUOTA * 3])
@pytest.mark.parametrize("step", [1000, 7001, 100000])
def test_output_is_cut_the_same_however_it_arrives(size: int, step: int) -> None:
    data = bytes(97 + n % 23 for n in range(size))
    output = Output()
    for n in range(0, size, step):
        output.add(data[n : n + step])
    kept = data if size <= QUOTA else data[:HEAD] + data[-(QUOTA - HEAD) :]
    assert output.text(ended=True).encode() == kept
    assert output.dropped == max(0, size - QUOTA)
    assert output.text(ended=False).encode() == data[:HEAD]


async def test_a_left_behind_process_does_not_hold_the_result(party: Aliyun, sdk: Sdk) -> None:
    result = await sdk.result(await sdk.run("sleep 1000 & echo $! > child; echo started"))
    assert (result["InvocationStatus"], result["Output"]) == ("Success", "started\n")
    child = int(await file(party, "child"))
    assert not gone(child)
    await party.close()
    await until(lambda: gone(child))


async def test_placeholders_are_plain_text(party: Aliyun, sdk: Sdk) -> None:
    invocation = await sdk.run(
        "echo {{ what }}; echo '{{ACS::InstanceName}}' {{ acs::InvokeId }}",
        EnableParameter=True,
        Parameters={"What": r"a; echo \1 $(hostname); echo '{{oos-secret:db_password}}'"},
    )
    lines = (await sdk.result(invocation))["Output"].splitlines()
    secret = party.cloud.secrets["db_password"]
    assert lines == ["a", "1 web-01", secret, f"web-01 {invocation}"]


async def test_placeholders_stay_without_enable_parameter(sdk: Sdk) -> None:
    text = "echo '{{ what }} {{ACS::InstanceId}} {{oos-secret:db_password}}'"
    result = await sdk.result(await sdk.run(text))
    assert result["Output"] == text[6:-1] + "\n"


async def test_unknown_built_in_is_invalid(sdk: Sdk) -> None:
    invocation = await sdk.run("echo {{ACS::Colour}}", EnableParameter=True)
    result = await sdk.result(invocation)
    assert result["InvocationStatus"] == "Invalid"
    assert result["ErrorCode"] == "InvalidEnvironmentParameter"


async def test_system_tools_act_on_the_instance(party: Aliyun, sdk: Sdk) -> None:
    script = """
systemctl restart nginx && systemctl is-active nginx
systemctl status missing-thing || echo "status said $?"
systemctl restart broken-app || echo "restart said $?"
id E123 || useradd -m -c 'New hire' -s /bin/bash E123
useradd E123 || echo "useradd said $?"
id -u E123
getent passwd E123
sudo -u root apt-get install -y git
reboot
"""
    lines = (await sdk.result(await sdk.run(script)))["Output"].splitlines()
    assert lines == [
        "active",
        "Unit missing-thing.service could not be found.",
        "status said 4",
        "Job for broken-app.service failed: its control process exited with an error.",
        "restart said 1",
        "id: 'E123': no such user",
        "useradd: user 'E123' already exists",
        "useradd said 9",
        "1007",
        "E123:x:1007:1007:New hire:/home/E123:/bin/bash",
    ]
    files = await party.files(WEB1)
    assert files["systemctl.log"].splitlines()[0] == "restart nginx"
    assert files["tools.log"] == "apt-get install -y git\nreboot \n"
    assert (await party.files(WEB2)).keys() == {"passwd"}
