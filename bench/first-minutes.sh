#!/bin/sh
# `bench/first-minutes.sh`: what the first minutes cost, in an empty folder: how long each make takes and
# what .venv then weighs. Set PYTHON to name an interpreter. The times are those of this machine and index.
set -eu
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
git clone -q . "$scratch/countersign"
cd "$scratch/countersign"
for goal in install demo setup; do
  rm -rf .venv
  begun=$(date +%s)
  make $goal ARGS="--once --locale en" >"$scratch/log" 2>&1 || { tail -n 20 "$scratch/log"; exit 1; }
  printf '%-8s %4d s   .venv %4d MB   %s\n' "$goal" $(($(date +%s) - begun)) \
    "$(du -sm .venv | cut -f1)" "$(grep -E 'After|stories on' "$scratch/log" | tr '\n' ' ')"
done
begun=$(date +%s)
make demo ARGS="--once --locale en" >"$scratch/log" 2>&1
printf '%-8s %4d s   again\n' demo $(($(date +%s) - begun))
