#!/bin/sh
# The main job without a browser: draft, check, plan, register, run, read the artifact.
# Usage: demo.sh [path of luthier] [path of a git repository]
set -eu
luthier=$(realpath "${1:-$(command -v luthier)}")
repository=$(realpath "${2:-.}")
work=$(mktemp -d)
export LUTHIER_DATA_DIR="$work/data"

stage() { printf '\n\033[1m%s\033[0m\n' "$*"; }
finish() {
  status=$?
  stage "Stop everything"
  "$luthier" down || true
  rm -rf "$work"
  exit $status
}
trap finish EXIT
trap 'exit 130' INT TERM

cd "$work"
request="every weekday at 7 summarise the last 30 days of the git history of a repository \
into digest.md, and tell me if there were no commits"

stage "1. Start the stack (a private one, in $work)"
"$luthier" up --detach

stage "2. Draft: $request"
"$luthier" draft "$request" --provider offline --output digest.toml
cat digest.toml

stage "3. Check it"
"$luthier" validate digest.toml

stage "4. Show what a run would do"
"$luthier" plan digest.toml -p "repo=$repository"

stage "5. Register it as a Prefect deployment"
"$luthier" register digest.toml -p "repo=$repository"
"$luthier" list

stage "6. Run it through its deployment, on the worker"
id=$("$luthier" list --json | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["id"])')
"$luthier" run "$id" -p "repo=$repository" --json > run.json
run=$(python3 -c 'import json; print(json.load(open("run.json"))["run_id"])')
"$luthier" status "$run"

stage "7. What the run wrote"
"$luthier" logs "$run"
head -n 25 "$LUTHIER_DATA_DIR/workspaces/$run/digest.md"

stage "Done. The same, in the browser: make up"
