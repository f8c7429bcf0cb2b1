#!/bin/sh
# npm links the commands of a package's dependencies, not its own. So that node_modules/.bin/tokenward is there after `npm ci`,
# npm's `prepare` writes it: the command line from its sources, on the pinned Node.
set -eu
command=node_modules/.bin/tokenward
mkdir -p node_modules/.bin
cat > "$command" <<'SCRIPT'
#!/bin/sh
bin=$(dirname -- "$(readlink -f -- "$0")")
exec "$bin/node" "$bin/../../cli/main.ts" "$@"
SCRIPT
chmod 755 "$command"
