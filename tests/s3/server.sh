#!/bin/sh
# An S3-compatible server (moto) on a free port of this machine, with an empty bucket `cache`, for tests.
#   tests/s3/server.sh start FOLDER   starts it, and prints the lines that tell a shell where it is
#   tests/s3/server.sh stop FOLDER    ends it; what it had is gone
# It needs `moto_server`: pip install -r tests/s3/requirements.txt
set -eu
[ $# -eq 2 ] || { echo "usage: $0 start|stop FOLDER" >&2; exit 2; }
log=$2/server.log
pid=$2/server.pid

case $1 in
start)
    command -v moto_server >/dev/null || { echo "moto_server is not installed: see the head of $0" >&2; exit 3; }
    # Port 0 is one that is free; the server's first lines say which.
    nohup moto_server -H 127.0.0.1 -p 0 >"$log" 2>&1 </dev/null &
    echo $! >"$pid"
    for _ in $(seq 300); do
        url=$(sed -n 's/.*\(http:\/\/127\.0\.0\.1:[1-9][0-9]*\).*/\1/p' "$log" | head -n 1)
        if [ -n "$url" ] && curl -sf -o /dev/null -X PUT "$url/cache"; then
            echo "export AWS_ENDPOINT_URL=$url AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test-secret AWS_REGION=us-east-1"
            exit 0
        fi
        sleep 0.1
    done
    cat "$log" >&2
    echo "no answer of moto_server after 30 s" >&2
    exit 1
    ;;
stop)
    kill "$(cat "$pid")"
    # As long as it answers it is not ended.
    for _ in $(seq 100); do
        kill -0 "$(cat "$pid")" 2>/dev/null || { rm "$pid"; exit 0; }
        sleep 0.1
    done
    kill -KILL "$(cat "$pid")"
    rm "$pid"
    ;;
*) echo "usage: $0 start|stop FOLDER" >&2; exit 2 ;;
esac
