#!/bin/bash
# Notes how much $RESOURCE the project $PROJECT may use. A second run changes nothing.
set -euo pipefail
file=$HOME/quotas/$PROJECT.$RESOURCE
mkdir -p "$HOME/quotas"
had=none
if [ -f "$file" ]; then had=$(<"$file"); fi
printf '%s\n' "$AMOUNT" > "$file.new"
mv "$file.new" "$file"
echo "$PROJECT may use $AMOUNT of $RESOURCE (before: $had)"
