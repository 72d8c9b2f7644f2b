#!/bin/bash
# Restarts $SERVICE and looks whether it really runs. Exits 0 only when it does.
set -uo pipefail

state() { systemctl is-active -- "$SERVICE" 2>/dev/null || true; }

if ! command -v systemctl >/dev/null; then
  echo "systemctl was not found: this machine is not managed by systemd" >&2
  exit 127
fi

echo "$SERVICE was $(state)"
if ! systemctl restart -- "$SERVICE"; then
  echo "$SERVICE could not be restarted" >&2
  systemctl status --no-pager --lines=10 -- "$SERVICE" >&2 || true
  exit 1
fi

for _ in 1 2 3 4 5 6 7 8 9 10; do
  now=$(state)
  [ "$now" = activating ] || [ "$now" = reloading ] || break
  sleep 1
done
if [ "$now" != active ]; then
  echo "$SERVICE is $now after the restart" >&2
  systemctl status --no-pager --lines=10 -- "$SERVICE" >&2 || true
  exit 1
fi
echo "$SERVICE restarted, now active"
