#!/bin/bash
# Speaks the API of debug applications with curl alone, as clients do that were written
# long before: create, upload in chunks of 2 MiB, install, follow the log, upload again
# in the way of the IETF, install again, delete.
# Usage: contract.sh TOKEN PACKAGE.zip HOST PATH TEXT-OF-THE-ANSWER TEXT-OF-THE-LOG
set -euo pipefail
token=$1 package=$2 host=$3 path=$4 answer=$5 line=$6
base=https://admin.yesterday.localhost:8443/debug/application
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
curl=(curl --silent --show-error --max-time 120 --cacert /var/lib/nexushub-proxy/ca/root.crt)
api=("${curl[@]}" --fail-with-body -H "Authorization: Bearer $token")

fail() { echo "contract.sh: $*" >&2; exit 1; }
field() { grep -o "\"$1\":\"\?[^\",}]*" | head -n 1 | sed 's/.*:"\?//'; } # the first of that name
status() { "${curl[@]}" -o "$work/answer" -w '%{http_code}' "$@"; }

[ "$(status "$base")" = 401 ] || fail "no token, but not 401"
[ "$(status -H 'Authorization: Bearer wrong' "$base")" = 401 ] || fail "wrong token, but not 401"

created=$("${api[@]}" -H 'Content-Type: application/json' \
	-d "{\"appId\":\"$host\",\"displayName\":\"By curl\",\"hostName\":\"$host\",\"dbName\":\"curl\"}" "$base")
id=$(field id <<<"$created")
[ "$(field status <<<"$created")" = pending ] || fail "created: $created"
grep -q '"staticServiceUrl":""' <<<"$created" || fail "a field is missing where it is empty: $created"
[ "$("${api[@]}" "$base/limits" | field maxEntries)" = 50000 ] || fail "limits: $("${api[@]}" "$base/limits")"
[[ $("${api[@]}" "${base%/application}/openapi.json") == *'"openapi": "3'* ]] || fail "no description"

upload() { # a zip, in chunks of 2 MiB
	rm -f "$work"/part-*
	split -b 2M -a 4 -d "$1" "$work/part-"
	local hash total=0 index=0 last=
	hash=$(md5sum "$1" | cut -d' ' -f1)
	for part in "$work"/part-*; do total=$((total + 1)); done
	for part in "$work"/part-*; do
		last=$("${api[@]}" -F "chunkIndex=$index" -F "totalChunks=$total" -F "fileHash=$hash" \
			-F "chunk=@$part" "$base/$id/upload")
		index=$((index + 1))
	done
	[ "$(field status <<<"$last")" = completed ] || fail "upload ended with $last"
	[ "$("${api[@]}" "$base/$id/upload/status" | field completed)" = true ] || fail "upload is not complete"
}

resume() { # a zip, interrupted half-way
	local half offset
	half=$(($(stat -c %s "$1") / 2))
	head -c "$half" "$1" | "${api[@]}" -H 'Upload-Complete: ?0' --data-binary @- "$base/$id/package"
	offset=$("${api[@]}" --head "$base/$id/package" | tr -d '\r' | sed -n 's/^upload-offset: //Ip')
	[ "$offset" = "$half" ] || fail "the offset is $offset, not $half"
	[ "$(tail -c +$((half + 1)) "$1" | "${api[@]}" -X PATCH -T - -H 'Content-Type: application/partial-upload' \
		-H "Upload-Offset: $offset" -H 'Upload-Complete: ?1' "$base/$id/package" | field completed)" = true ] ||
	fail "not resumed"
}

install() {
	local out
	out=$("${api[@]}" -X POST "$base/$id/install")
	[ "$(field status <<<"$out")" = running ] || fail "install: $out"
	[ "$("${api[@]}" "$base/$id/status" | field status)" = running ] || fail "is not running"
}

serves() {
	local out
	out=$("${curl[@]}" --fail-with-body --resolve "$host:8443:127.0.0.1" "https://$host:8443$path")
	grep -qF -- "$answer" <<<"$out" || fail "answered $out"
}

[ "$(status -H "Authorization: Bearer $token" -X POST "$base/$id/install")" = 400 ] || fail "installed nothing at all"
upload "$package"
install
serves
if [ -n "$line" ]; then
	"${api[@]}" --no-buffer "$base/$id/logs?lines=1000" >"$work/log" & follower=$!
	for _ in $(seq 100); do
		grep -qF -- "$line" "$work/log" 2>/dev/null && break
		serves
		sleep 0.1
	done
	kill "$follower" || fail "the log stream ended: $(tail -c 2000 "$work/log")"
	grep -qF -- "$line" "$work/log" || fail "the log lacks $line: $(head -c 4000 "$work/log")"
	grep -q '^id: ' "$work/log" && grep -q '^event: log' "$work/log" || fail "the log is not an event stream"
fi
resume "$package" # the same again
install
serves
[ "$(status -H "Authorization: Bearer $token" -X DELETE "$base/$id")" = 204 ] ||
	fail "not deleted: $(cat "$work/answer")"
[ "$(status -H "Authorization: Bearer $token" "$base/$id/status")" = 404 ] || fail "still there"
[ "$(status --insecure --resolve "$host:8443:127.0.0.1" "https://$host:8443$path")" = 421 ] || fail "still routed"
echo "contract.sh: $host passes"
