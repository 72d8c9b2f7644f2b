"""Small fake system tools, put first on PATH, so that ordinary operations scripts run unmodified
and harmlessly: what they would do to a machine is written to files in the instance's folder.

``systemctl`` keeps a unit's state in ``units/`` and notes every call in ``systemctl.log``; a unit
called ``missing*`` does not exist and one called ``broken*`` fails to start. ``useradd``, ``id``
and their kin work on ``passwd``. Everything that would change the real machine is only noted.
"""

from __future__ import annotations

from pathlib import Path

USERS = ("root", "admin", "ecs-user", "ops", "deploy", "countersign", "nobody")
_START = '#!/bin/bash\nroot=$(cd "$(dirname "$0")/.." && pwd)\n'

_SYSTEMCTL = r"""
printf '%s\n' "$*" >> "$root/systemctl.log"
mkdir -p "$root/units"
verb= quiet= units=()
for word in "$@"; do
  case $word in
    -q|--quiet) quiet=1 ;;
    -*) ;;
    *) if [ -z "$verb" ]; then verb=$word; else units+=("${word%.service}"); fi ;;
  esac
done
state() { cat "$root/units/$1" 2>/dev/null || echo active; }
become() { echo "$2" > "$root/.unit.$$" && mv -f "$root/.unit.$$" "$root/units/$1"; }
case $verb in daemon-reload|daemon-reexec|reset-failed) exit 0 ;; esac
[ ${#units[@]} -gt 0 ] || { echo "systemctl: a unit is needed" >&2; exit 1; }
code=0
for unit in "${units[@]}"; do
  case $unit in
    ''|*[!A-Za-z0-9@:._-]*|missing*)
      case $verb in
        is-active) [ -n "$quiet" ] || echo inactive; code=3 ;;
        status) echo "Unit $unit.service could not be found." >&2; code=4 ;;
        *) echo "Failed to $verb $unit.service: Unit $unit.service not found." >&2; code=5 ;;
      esac
      continue ;;
  esac
  case $verb in
    start|restart|reload|try-restart|reload-or-restart)
      case $unit in
        broken*)
          become "$unit" failed
          echo "Job for $unit.service failed: its control process exited with an error." >&2
          code=1 ;;
        *) become "$unit" active ;;
      esac ;;
    stop) become "$unit" inactive ;;
    enable|disable|mask|unmask) ;;
    is-enabled) [ -n "$quiet" ] || echo enabled ;;
    is-active)
      now=$(state "$unit"); [ -n "$quiet" ] || echo "$now"
      [ "$now" = active ] || code=3 ;;
    status|show)
      now=$(state "$unit")
      printf '%s.service - %s\n   Active: %s\n' "$unit" "$unit" "$now"
      [ "$now" = active ] || code=3 ;;
    *) echo "Unknown command verb $verb." >&2; code=1 ;;
  esac
done
exit $code
"""

_USERADD = r"""
home= shell=/bin/sh comment= uid= make= name=
while [ $# -gt 0 ]; do
  case $1 in
    -m|--create-home) make=1 ;;
    -d|--home|--home-dir) home=$2; shift ;;
    -s|--shell) shell=$2; shift ;;
    -c|--comment) comment=$2; shift ;;
    -u|--uid) uid=$2; shift ;;
    -g|-G|--gid|--groups|-e|-p|-k) shift ;;
    -*) ;;
    *) name=$1 ;;
  esac
  shift
done
case $name in ''|*[!A-Za-z0-9_.-]*|-*) echo "useradd: invalid user name '$name'" >&2; exit 3 ;; esac
if cut -d: -f1 "$root/passwd" | grep -Fxq -- "$name"; then
  echo "useradd: user '$name' already exists" >&2; exit 9
fi
[ -n "$uid" ] || uid=$((1000 + $(wc -l < "$root/passwd")))
[ -n "$home" ] || home=/home/$name
printf '%s:x:%s:%s:%s:%s:%s\n' "$name" "$uid" "$uid" "$comment" "$home" "$shell" >> "$root/passwd"
[ -z "$make" ] || mkdir -p "$root$home"
"""

_USERDEL = r"""
name=${!#}
cut -d: -f1 "$root/passwd" | grep -Fxq -- "$name" || {
  echo "userdel: user '$name' does not exist" >&2; exit 6; }
awk -F: -v name="$name" '$1 != name' "$root/passwd" > "$root/passwd.new"
mv "$root/passwd.new" "$root/passwd"
"""

_ID = r"""
flags= name=
for word in "$@"; do case $word in -*) flags+=${word#-} ;; *) name=$word ;; esac; done
[ -n "$name" ] || name=${USER:-root}
line=$(awk -F: -v name="$name" '$1 == name' "$root/passwd")
[ -n "$line" ] || { echo "id: '$name': no such user" >&2; exit 1; }
IFS=: read -r name _ uid gid _ <<< "$line"
case $flags in
  '') echo "uid=$uid($name) gid=$gid($name) groups=$gid($name)" ;;
  u) echo "$uid" ;;
  g|G) echo "$gid" ;;
  *n*) echo "$name" ;;
  *) echo "id: invalid option" >&2; exit 1 ;;
esac
"""

_GETENT = r"""
[ "$1" = passwd ] || exit 2
[ -n "$2" ] || { cat "$root/passwd"; exit 0; }
awk -F: -v name="$2" '$1 == name { print; found = 1 } END { exit !found * 2 }' "$root/passwd"
"""

_NOTE = 'printf "%s %s\\n" "$(basename "$0")" "$*" >> "$root/tools.log"\n'
_TOOLS = {
    "systemctl": _SYSTEMCTL,
    "service": 'exec "$root/bin/systemctl" "$2" "$1"\n',
    "useradd": _USERADD,
    "userdel": _USERDEL,
    "id": _ID,
    "getent": _GETENT,
    "whoami": 'echo "${USER:-root}"\n',
    "hostname": 'cat "$root/bin/.hostname"\n',
    "sudo": 'while [ "${1#-}" != "$1" ]; do [ "$1" = -u ] && shift; shift; done\nexec "$@"\n',
}
_NOTED = [
    "apt",
    "apt-get",
    "chpasswd",
    "dnf",
    "groupadd",
    "halt",
    "init",
    "iptables",
    "mount",
    "passwd",
    "poweroff",
    "reboot",
    "shutdown",
    "sysctl",
    "umount",
    "usermod",
    "yum",
]
_TOOLS |= dict.fromkeys(_NOTED, _NOTE)


def furnish(folder: Path, name: str) -> None:
    """Lay out an instance's folder, unless that was done: tools, users, usual directories."""
    binaries = folder / "bin"
    if binaries.exists():
        return
    for part in ("bin", ".agent", "tmp", "opt", "srv", "var", "home"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    (binaries / ".hostname").write_text(name + "\n")
    users = [f"{u}:x:{n}:{n}::/home/{u}:/bin/bash\n" for n, u in enumerate(USERS)]
    (folder / "passwd").write_text("".join(users))
    for tool, text in _TOOLS.items():
        path = binaries / tool
        path.write_text(_START + text)
        path.chmod(0o755)


def users(folder: Path) -> set[str]:
    """The accounts of an instance, those added by scripts included."""
    return {line.partition(":")[0] for line in (folder / "passwd").read_text().splitlines()}
