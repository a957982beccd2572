#!/bin/sh
# Fill the empty secrets of .env with random ones; what is set stays as it is. --sim: an account for the simulator too.
set -eu
umask 077
cd "$(dirname "$0")/.."
file=${ENV_FILE:-.env}
secrets="POSTGRES_PASSWORD DATABASE_PASSWORD GRAFANA_DATABASE_PASSWORD GRAFANA_ADMIN_PASSWORD MQTT_GATEWAY_PASSWORD
MQTT_EVALUATOR_PASSWORD MQTT_SERVICE_PASSWORD SECRET_KEY ADMIN_PASSWORD WEBHOOK_SECRET"
case ${1:-} in
'') ;;
--sim) secrets="$secrets MQTT_SIM_PASSWORD" ;;
*)
    echo "usage: secrets.sh [--sim]" >&2
    exit 2
    ;;
esac

[ -f "$file" ] || cp deploy/.env.example "$file"
chmod 600 "$file"
made=0
for name in $secrets; do
    value=$(sed -n "s/^$name=//p" "$file")
    [ -z "$value" ] || continue
    random=$(od -An -tx1 -N24 /dev/urandom | tr -d ' \n')
    grep -q "^$name=" "$file" || echo "$name=" >>"$file" # a file of an older version
    sed "s/^$name=\$/$name=$random/" "$file" >"$file.new"
    mv -f "$file.new" "$file"
    made=$((made + 1))
done
echo "$file: $made secrets made. Sign in as admin with its ADMIN_PASSWORD, to Grafana with its GRAFANA_ADMIN_PASSWORD."
