# Everything here works on a machine that has only Go and git.
GO        ?= go
FUZZTIME  ?= 60s
TESTFLAGS ?= -count=1 -timeout 15m
TOOL      := $(GO) tool -modfile=tools/go.mod

export CGO_ENABLED ?= 0

.PHONY: demo build test check lint fmt cross race fuzz crash bench clean-tree

## demo: an instrumented shop stores, queries and serves its own telemetry (DEMO_ONCE=1 exits after the queries)
demo:
	$(GO) build -o bin/shop ./examples/shop
	bin/shop

build:
	$(GO) build -o bin/ttlog ./cmd/ttlog

## test: the whole suite, the modules of the repository one after the other
test:
	$(GO) build ./...
	$(GO) test $(TESTFLAGS) ./...
	cd bench && $(GO) test $(TESTFLAGS) ./...

check: fmt lint test clean-tree

fmt:
	$(TOOL) gofumpt -l -w .

lint:
	$(GO) vet ./...
	$(TOOL) golangci-lint run ./...
	cd bench && $(GO) vet ./...

## cross: everything builds for the systems we have no machine of
cross:
	GOOS=darwin $(GO) build ./...
	GOOS=windows $(GO) build ./...

race:
	CGO_ENABLED=1 $(GO) test -race $(TESTFLAGS) ./...

## fuzz: every fuzz target in turn, FUZZTIME each
fuzz:
	scripts/fuzz $(FUZZTIME)

## crash: the tests that kill processes, many times over
crash:
	TTLOG_RING_KILLS=400 TTLOG_KILLS=200 $(GO) test -count=1 -timeout 60m -run 'Kill' ./ringbuffer ./internal/pipeline/... ./cmd/ttlog

## bench: side by side with the peers; writes bench/results.json and docs/benchmarks.md
bench:
	cd bench && $(GO) run ./cmd/bench

## clean-tree: nothing a build or a test left behind, and go.mod is tidy
clean-tree:
	$(GO) mod tidy -diff
	cd bench && $(GO) mod tidy -diff
	@test -z "$$(git status --porcelain)" || { git status --porcelain; echo "the tree is not clean"; exit 1; }
