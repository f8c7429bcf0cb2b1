# The machine brings Node >= 20, npm and make; the Node that everything runs on is pinned and comes with `npm ci`.
# Suites that need more (Go, Java, …) say so and skip; TOKENWARD_REQUIRE_ALL=1 makes a skip a failure.

pinned := PATH="$(CURDIR)/node_modules/.bin:$$PATH"
installed := node_modules/.package-lock.json

.PHONY: help demo demo-cluster test lint check bench bench-brief cluster generate build images

help: ## this list
	@grep -hE '^[a-z-]+:.* ## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]* ## /  make \1\t/' | expand -t 20

demo: $(installed) ## real servers, the sidecar and a workload's calls, in seconds; KEEP=1 leaves them running
	@$(pinned) node demo/main.ts $(if $(KEEP),--keep)

demo-cluster: $(installed) ## the same on a real Kubernetes of its own: the operator, pods, a rotation; the first time builds Kubernetes
	@$(pinned) node demo/cluster/main.ts

test: $(installed) ## all tests
	$(pinned) npm run test -- $(ARGS)

lint: $(installed) ## the linter, folder boundaries included
	$(pinned) npm run lint

check: lint ## lint, types, format, unused code, and generated files against their source
	$(pinned) npm run types
	$(pinned) npm run format:check
	$(pinned) npm run unused
	$(pinned) node crds/generate.ts --check
	$(pinned) node test/gallery/write-troubleshooting.ts --check

generate: $(installed) ## write the generated files anew
	$(pinned) node crds/generate.ts
	$(pinned) node test/gallery/write-troubleshooting.ts

build: $(installed) ## the bundles in dist/
	$(pinned) npm run build

images: $(installed) ## the container images and their bills of materials in dist/images/ (needs buildah or docker)
	@$(pinned) node images/build-images.ts

bench: $(installed) ## Tokenward beside other proxies: CPU, latency, memory, start
	$(pinned) npm run bench -- $(ARGS)

bench-brief: $(installed) ## the same ratios from one round, in a minute
	$(pinned) npm run bench -- --brief

cluster: $(installed) ## a Kubernetes with Tokenward in it: CMD="…" runs that inside, otherwise a shell; IMAGES="a.tar b.tar" are loaded; BARE=1 leaves Tokenward out
	@$(pinned) node test/cluster/main.ts $(if $(BARE),--bare) $(IMAGES:%=--image %) $(if $(CMD),-- bash -c "$$CMD")

# npm's errors only: it warns of packages that want a newer Node than its own, and the pinned one runs them.
$(installed): package-lock.json
	@node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' || \
		{ echo "Tokenward's sources need Node >= 20 and npm on the PATH; npm then fetches the Node that runs them"; exit 1; }
	npm ci --loglevel=error
	@touch $@
