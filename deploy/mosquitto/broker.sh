#!/bin/sh
# The broker's accounts, and its start. In the container:
#   broker.sh start               make password and ACL files, then be the broker
#   broker.sh add NAME [PASSWORD] an account for a device, hub or siren; prints the password that it makes
#   broker.sh remove NAME         take the account back; its connection is closed
#   broker.sh list                names of these accounts
#   broker.sh reload              after a change in site/*.acl
#   broker.sh probe               health check: sign in and read
# Passwords of our own processes come from the environment; those of devices lie hashed in the data volume.
set -eu
umask 077

run=${BROKER_RUN:-/run/mosquitto}
data=${BROKER_DATA:-/mosquitto/data}
config=${BROKER_CONFIG:-/mosquitto/config}
port=${BROKER_PORT:-1883}
accounts=$data/accounts
processes="gateway evaluator service sim probe"

fail() {
    echo "broker.sh: $1" >&2
    exit 1
}

random() {
    od -An -tx1 -N"$1" /dev/urandom | tr -d ' \n'
}

# hashed NAME PASSWORD: a line of mosquitto's password file. Never on a command line, where others could read it.
hashed() {
    printf '%s:%s\n' "$1" "$2" >"$run/hash"
    mosquitto_passwd -U "$run/hash"
    cat "$run/hash"
    rm -f "$run/hash"
}

process() {
    [ -n "$2" ] || fail "no password for the account '$1': run deploy/secrets.sh, then start again"
    hashed "$1" "$2"
}

build() {
    [ -f "$run/probe" ] || random 16 >"$run/probe"
    {
        process gateway "${MQTT_GATEWAY_PASSWORD:-}"
        process evaluator "${MQTT_EVALUATOR_PASSWORD:-}"
        process service "${MQTT_SERVICE_PASSWORD:-}"
        [ -z "${MQTT_SIM_PASSWORD:-}" ] || process sim "$MQTT_SIM_PASSWORD"
        process probe "$(cat "$run/probe")"
        [ ! -f "$accounts" ] || cat "$accounts"
    } >"$run/passwords.new"
    for part in "$config/acl" "$config"/site/*.acl; do
        [ ! -f "$part" ] || { cat "$part"; echo; }
    done >"$run/acl.new"
    mv -f "$run/passwords.new" "$run/passwords"
    mv -f "$run/acl.new" "$run/acl"
}

reload() {
    build
    kill -HUP "$(cat "$run/pid")"
}

check_name() {
    case $1 in
    '' | *[:/#+[:space:][:cntrl:]]*) fail "a name is not empty and has no space, and none of : / # +" ;;
    esac
    for reserved in $processes; do
        [ "$1" != "$reserved" ] || fail "'$1' is the name of a process of Emberwatch; take another"
    done
}

names() {
    [ ! -f "$accounts" ] || cut -d: -f1 "$accounts"
}

# without NAME: all accounts but this one.
without() {
    [ ! -f "$accounts" ] || awk -F: -v name="$1" '$1 != name' "$accounts"
}

add() {
    check_name "$1"
    password=${2:-$(random 16)}
    { without "$1"; hashed "$1" "$password"; } >"$accounts.new"
    mv -f "$accounts.new" "$accounts"
    reload
    echo "user $1 password $password"
}

remove() {
    check_name "$1"
    names | grep -Fxq -e "$1" || fail "there is no account '$1'"
    without "$1" >"$accounts.new"
    mv -f "$accounts.new" "$accounts"
    reload
}

case ${1:-} in
start)
    build
    exec mosquitto -c "${BROKER_CONF:-$config/mosquitto.conf}"
    ;;
add) add "${2:-}" "${3:-}" ;;
remove) remove "${2:-}" ;;
list) names ;;
reload) reload ;;
probe)
    exec mosquitto_sub -h 127.0.0.1 -p "$port" -u probe -P "$(cat "$run/probe")" -t '$SYS/broker/uptime' -C 1 -W 3
    ;;
*) fail "start, add NAME [PASSWORD], remove NAME, list, reload or probe" ;;
esac
