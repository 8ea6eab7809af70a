# Everything here works on a machine that has only Go and git; ui and its tests take Node, too.
GO        ?= go
FUZZTIME  ?= 60s
TESTFLAGS ?= -count=1 -timeout 15m
# The tools' requirements are in a module of their own, outside the workspace.
TOOL      := GOWORK=off $(GO) tool -modfile=tools/go.mod
# Every module of the repository but the root, which is tested without the workspace: with what an application gets.
MODULES   := $(filter-out .,$(shell scripts/modules list))

export CGO_ENABLED ?= 0

.PHONY: demo build ui ui-shots bench-ui test check lint fmt cross race fuzz crash soak bench bench-deps clean-tree versions

## demo: an instrumented shop stores, queries and serves its own telemetry (DEMO_ONCE=1 exits after the queries)
demo:
	$(GO) build -o bin/shop ./examples/shop
	bin/shop

build:
	$(GO) build -o bin/ttlog ./cmd/ttlog

## ui: builds the web interface, whose result (web/dist) is committed
ui:
	scripts/ui build

## ui-shots: the pictures of docs/ui.md, of the pages as web/dist has them
ui-shots:
	scripts/ui shots

## bench-ui: the pages in a real browser, over 2 million captured spans and traces of 10,000 and 1,000,000 spans
bench-ui:
	scripts/ui bench

## test: the whole suite, the modules of the repository one after the other
test:
	GOWORK=off $(GO) build ./...
	GOWORK=off $(GO) test $(TESTFLAGS) ./...
	@set -e; for m in $(MODULES); do echo "== $$m"; (cd $$m && $(GO) test $(TESTFLAGS) ./...); done
	scripts/ui test

## versions: the modules that applications require, with the lowest and the newest versions of what they require
versions:
	scripts/modules with lowest test $(TESTFLAGS) ./...
	scripts/modules with newest test $(TESTFLAGS) ./...

check: fmt lint test clean-tree

## fmt: with the linter's own formatters, so that both are of one mind
fmt:
	@set -e; lint=$$($(TOOL) -n golangci-lint); for m in . $(MODULES); do (cd $$m && $$lint fmt ./...); done

lint:
	@set -e; lint=$$($(TOOL) -n golangci-lint); for m in . $(MODULES); do \
		echo "== $$m"; (cd $$m && $(GO) vet ./... && $$lint run ./...); done

## cross: everything builds for the systems we have no machine of
cross:
	@set -e; for os in darwin windows; do for m in . $(MODULES); do \
		echo "== $$os $$m"; (cd $$m && GOOS=$$os $(GO) build ./...); done; done

race:
	@set -e; for m in . $(MODULES); do echo "== $$m"; (cd $$m && CGO_ENABLED=1 $(GO) test -race $(TESTFLAGS) ./...); done

## fuzz: every fuzz target in turn, FUZZTIME each
fuzz:
	scripts/fuzz $(FUZZTIME)

## crash: the tests that kill processes, many times over
crash:
	TTLOG_RING_KILLS=400 TTLOG_KILLS=200 $(GO) test -count=1 -timeout 60m -run 'Kill' ./ringbuffer ./internal/pipeline/... ./cmd/ttlog

## soak: a minute of load that asks for far more memory than the daemon may take
soak:
	TTLOG_SOAK=1m $(GO) test -count=1 -timeout 15m -v -run Soak ./cmd/ttlog

## bench-deps: ClickHouse, which bench measures queries beside, from npm into the user's cache
bench-deps:
	scripts/setup-bench-deps

## bench: side by side with the peers; writes bench/results.json and docs/benchmarks.md
bench:
	cd bench && $(GO) run ./cmd/bench

## clean-tree: nothing a build or a test left behind, and every go.mod is tidy
clean-tree:
	scripts/modules tidy -diff
	@test -z "$$(git status --porcelain)" || { git status --porcelain; echo "the tree is not clean"; exit 1; }
