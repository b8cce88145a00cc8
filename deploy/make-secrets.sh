#!/bin/sh
# Writes new random secrets for compose.yaml into a new folder: the one named, or secrets/ beside this script.
# Files are readable by every user because containers run as several; the folder, open to its owner alone, keeps
# everyone else on the machine out.
set -eu
folder=${1:-$(dirname "$0")/secrets}
mkdir -m 0700 "$folder"
cd "$folder"
umask 0222
random() { od -An -N "$1" -tx1 /dev/urandom | tr -d ' \n'; }
put() { printf '%s' "$2" >"$1"; }

password=$(random 24)
access_key=$(random 10)
secret_key=$(random 24)
put secret_key "$(random 32)"
put family_keys "$(head -c 32 /dev/urandom | base64)"
put postgres_password "$(random 24)"
put database_password "$password"
put database_url "postgresql://lms:$password@postgres:5432/lms"
put store_access_key "$access_key"
put store_secret_key "$secret_key"
put store_identities "{\"identities\": [{\"name\": \"lms\", \
\"credentials\": [{\"accessKey\": \"$access_key\", \"secretKey\": \"$secret_key\"}], \
\"actions\": [\"Admin\", \"Read\", \"Write\", \"List\", \"Tagging\"]}]}"

# Empty until there is a mail server; its owner may write into it.
: >smtp_url
chmod 0644 smtp_url
