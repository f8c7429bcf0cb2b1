#!/bin/sh
# npm links the commands of a package's dependencies, not its own. So that node_modules/.bin/tokenward and kubectl-tokenward are there
# after `npm ci`, npm's `prepare` writes them: the command lines from their sources, on the pinned Node.
set -eu
mkdir -p node_modules/.bin

link() {
  cat > "node_modules/.bin/$1" <<SCRIPT
#!/bin/sh
bin=\$(dirname -- "\$(readlink -f -- "\$0")")
exec "\$bin/node" "\$bin/../../$2" "\$@"
SCRIPT
  chmod 755 "node_modules/.bin/$1"
}

link tokenward cli/main.ts
link kubectl-tokenward cli/kubectl/main.ts
