#!/bin/sh
# `setup.sh SET`: what `make` does first. Makes the virtual environment, or leaves it when it is as it
# should be. SET: "production" (what the bot needs), "demo" (and its prompt), "replicas" (and PostgreSQL)
# or "dev" (and what tests and checks need). From the environment: VENV, its folder; PYTHON, the
# interpreter, and CHOSEN, "yes" if it was named and is more than the default; LOCK, the exact versions to
# take ("" takes what pyproject.toml allows).
set -eu
cd "$(dirname "$0")"
want=$1 venv=${VENV:-.venv} python=${PYTHON:-python3} lock=${LOCK-requirements.lock}

say() { printf '%s\n' "$@" >&2; }

# The interpreter, as "3.12 /usr"; a venv that was made by it tells the same of itself.
tell='import sys; print("%d.%d" % sys.version_info[:2], getattr(sys, "base_prefix", sys.prefix))'
new='import sys; sys.exit(sys.version_info < (3, 11))'

others() {
  for version in 14 13 12 11; do
    if "python3.$version" -c "$new" 2>/dev/null; then
      say "This machine has one: make PYTHON=python3.$version ${GOAL:-setup}"
      return
    fi
  done
  say "Install one, and name it if it is not \"python3\": make PYTHON=python3.12 ${GOAL:-setup}"
}

fit() {
  if ! command -v "$python" >/dev/null 2>&1; then
    say "There is no interpreter \"$python\" here. Countersign needs Python 3.11 or newer."
    others
    exit 1
  fi
  if ! "$python" -c "$new" 2>/dev/null; then
    say "\"$python\" is $("$python" -V 2>&1 | sed 1q). Countersign needs Python 3.11 or newer."
    others
    exit 1
  fi
  if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    say "\"$python\" cannot make virtual environments: its modules venv and ensurepip are missing." \
      "On Debian and Ubuntu they are a package of their own, such as python3-venv."
    exit 1
  fi
}

# Is the environment that is there of use? One that a set-up left half-made is not, nor one whose
# interpreter is too old or gone; nor one of another interpreter than the one that was named.
usable() {
  [ -x $venv/bin/python ] && [ ! -e $venv/.making ] || return 1
  $venv/bin/python -c "$new; import pip" 2>/dev/null || return 1
  [ "${CHOSEN-}" = yes ] || return 0
  [ "$($venv/bin/python -c "$tell")" = "$("$python" -c "$tell")" ]
}

rank() { case $1 in dev) echo 4 ;; replicas) echo 3 ;; demo) echo 2 ;; production) echo 1 ;; *) echo 0 ;; esac; }

[ "$(rank "$want")" != 0 ] || { say "setup.sh production|demo|replicas|dev"; exit 2; }
if [ "${CHOSEN-}" = yes ]; then fit; fi
has='' sums=''
if usable; then
  [ ! -s $venv/.made ] || read -r has sums <$venv/.made
else
  fit
  rm -f $venv/.made
  "$python" -m venv --clear $venv
fi
if [ "$(rank "$has")" -gt "$(rank "$want")" ]; then
  [ "$want" != production ] || say "$venv also has the set \"$has\"; \"make clean\" first leaves that out."
  want=$has
fi
now="$(cat pyproject.toml ${lock:+"$lock"} | cksum | tr ' ' -)"
[ "$has" != "$want" ] || [ "$sums" != "$now" ] || exit 0

say "Installing into $venv (the set \"$want\") …"
: >$venv/.making
$venv/bin/python - "$want" >$venv/requirements.txt <<'LIST'
import sys, tomllib

project = tomllib.load(open("pyproject.toml", "rb"))["project"]
extras = {"production": (), "demo": ("demo",), "replicas": ("demo", "replicas"),
          "dev": ("demo", "replicas", "dev")}[sys.argv[1]]
for part in (project["dependencies"], *(project["optional-dependencies"][e] for e in extras)):
    print("\n".join(part))
LIST
if ! $venv/bin/python -m pip install -q --disable-pip-version-check \
  -r $venv/requirements.txt ${lock:+-c "$lock"}; then
  say "" "Not everything could be installed. The next \"make\" begins anew."
  [ -z "$lock" ] || say "If your index lacks an exact version of $lock, take what it has: make LOCK= ${GOAL:-setup}"
  exit 1
fi
printf '%s %s\n' "$want" "$now" >$venv/.made
rm -f $venv/.making
