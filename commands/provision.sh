#!/bin/bash
# Records $EMP_ID with $ROLE on this machine and makes a home folder. A second run changes nothing.
# It keeps to files below ${COUNTERSIGN_HOME:-$HOME}/provisioned, so it needs no special rights;
# put useradd, keys and groups of your own at the place marked below.
set -euo pipefail
umask 077

base=${COUNTERSIGN_HOME:-${HOME:-/var/lib/countersign}}/provisioned
record=$base/$EMP_ID.role
mkdir -p "$base"

had=
if [ -f "$record" ]; then had=$(<"$record"); fi
if [ "$had" = "$ROLE" ] && [ -d "$base/$EMP_ID" ]; then
  echo "$EMP_ID ($ROLE) is already provisioned, nothing to do"
  exit 0
fi

mkdir -p "$base/$EMP_ID"
# Your own steps go here. They may run again if a later one fails, so make each of them repeatable.
printf '%s\n' "$ROLE" > "$record.new"
mv "$record.new" "$record"

if [ -z "$had" ]; then
  echo "$EMP_ID provisioned as $ROLE: home $base/$EMP_ID"
elif [ "$had" = "$ROLE" ]; then
  echo "$EMP_ID ($ROLE) had no home folder: made $base/$EMP_ID"
else
  echo "$EMP_ID changed from $had to $ROLE"
fi
