# Restarts $SERVICE and succeeds only if it then runs.
set -u
state() { systemctl is-active -- "$SERVICE"; }
echo "$SERVICE was $(state)"
systemctl restart -- "$SERVICE" || exit
for _ in 1 2 3 4 5; do
  now=$(state)
  case $now in activating | reloading) sleep 2 ;; *) break ;; esac
done
[ "$now" = active ] && echo "$SERVICE restarted, now active" && exit
echo "$SERVICE is $now after the restart" >&2
exit 1
