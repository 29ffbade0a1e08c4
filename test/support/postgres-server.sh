#!/usr/bin/env bash
# postgres-server.sh PORT [PRIMARY]: a fresh PostgreSQL server on loopback, for tests; or a standby of the one at the port PRIMARY, which follows it.
# Says its URL once it answers; ends with this script, and leaves nothing behind.
# It syncs nothing to disk unless POSTGRES_FSYNC=on: a test that kills the server's processes loses nothing by that, one that cuts the power would.
set -euo pipefail
port=${1:?the port to listen at}
bin=$(dirname "$(ls -d /usr/lib/postgresql/*/bin/postgres 2>/dev/null | sort -V | tail -1 || command -v postgres)")
folder=$(mktemp -d /tmp/latchkey-postgres.XXXXXX)
# The server refuses to run as root.
as=()
if [ "$(id -u)" = 0 ]; then
  user=$(id -un postgres 2>/dev/null || echo nobody)
  chown "$user" "$folder"
  as=(setpriv "--reuid=$user" "--regid=$(id -gn "$user")" --clear-groups)
fi
cd "$folder"
if [ -n "${2:-}" ]; then
  "${as[@]}" "$bin/pg_basebackup" --host 127.0.0.1 --port "$2" --username latchkey --pgdata "$folder/data" --write-recovery-conf --checkpoint fast --no-sync
else
  "${as[@]}" "$bin/initdb" --pgdata "$folder/data" --username latchkey --auth trust --encoding UTF8 --locale C --no-sync >/dev/null
fi
"${as[@]}" "$bin/postgres" -D "$folder/data" -p "$port" -c listen_addresses=127.0.0.1 -c "unix_socket_directories=" \
  -c fsync="${POSTGRES_FSYNC:-off}" -c max_connections=300 -c log_min_messages=fatal &
server=$!
trap 'kill -INT "$server" 2>/dev/null; wait "$server" 2>/dev/null; rm -rf "$folder"' EXIT
trap 'exit 0' INT TERM
until "${as[@]}" "$bin/pg_isready" -q -U latchkey -d postgres -h 127.0.0.1 -p "$port"; do
  kill -0 "$server" 2>/dev/null || exit 1
  sleep 0.1
done
echo "postgres://latchkey@127.0.0.1:$port/postgres"
wait "$server"
