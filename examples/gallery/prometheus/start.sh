#!/bin/sh
# It cannot read its own port from the environment.
sed "s/PORT/$PORT/" prometheus.yml >/tmp/prometheus.yml
exec prometheus --config.file=/tmp/prometheus.yml --storage.tsdb.path="$STATE_DIRECTORY" \
    --web.listen-address="127.0.0.1:$PORT"
