package bench

import (
	"context"
	"io"
	"slices"
	"strings"
)

// Description says in words what a figure is.
type Description struct{ ID, Text string }

// Descriptions returns one description for each figure, in order.
func Descriptions() []Description {
	return []Description{
		{"hot.onend5", "`OnEnd` of an ended span with 5 attributes, in bursts of 400 with nothing else going on; the peer puts a pointer into a channel and leaves the work for later"},
		{"hot.onend5.allocs", "allocations of that call"},
		{"hot.span5", "processor time of Start, SetAttributes with 5 strings and End, the collector's and the peer's background work included: our provider into a file-backed ring, beside the SDK with a batch processor whose exporter discards. `.gogc800` is with GOGC=800"},
		{"hot.span5.allocs", "allocations of that; `hot.span5.dropped` is what part of the spans each side drops at full speed"},
		{"hot.end5", "`End` of such a span alone, clock included, in the time of its thread"},
		{"hot.write", "a record of 200 bytes into a file-backed ring of 16 MiB; `hot.write.cold` is the first lap after it was made"},
		{"hot.log5", "a log record with 5 strings through the logs API, beside zerolog and beside the SDK with a batch processor that discards (`hot.log5.sdk`)"},
		{"hot.slog5", "the same through log/slog, beside zerolog and beside slog's own JSON handler (`hot.slog5.json`)"},
		{"hot.counter5", "adding to `ttlog.Counter` with 5 strings that are built for each call, beside the SDK's counter with the same (and, `hot.counter5.set`, with a set that was made before)"},
		{"hot.pipeline5", "processor time of the whole process for one span with 5 attributes, from `Start` until it is durable in a synced columnar part, nothing dropped; the peer: until it is acknowledged by a server in another process that discards it. `hot.pipeline5.forward` is ttlog forwarding to that server over OTLP/gRPC in place of storing"},
		{"adopt.gin", "processor time that instrumentation adds to a request of a gin service with two queries to SQLite, what it recorded made durable (ttlog: in its store; the peers: acknowledged by a collector in another process that discards it); traces and metrics on both sides"},
		{"adopt.gin.bare", "processor time of that request without instrumentation"},
		{"adopt.chi", "the same for a chi service with two commands to a real Redis"},
		{"adopt.chi.bare", "processor time of that request without instrumentation"},
		{"instrument.*", "processor time that instrumentation adds to one call, with all metrics of the conventions, and its allocations: `.sdk` on the official SDK, which keeps nothing; `.none` without an SDK. One span of that SDK with as many attributes is part of the target, and measured in the same run"},
		{"store.span_rate", "spans of the captured HotROD traffic stored by `ttlog import`, per second of processor time, decompression of the file included"},
		{"store.span_bytes", "bytes of the whole data directory after that, compacted, per span"},
		{"store.ratio", "the same per byte of the OTLP stream"},
		{"store.span_rate.narrow", "made spans with two attributes stored, per second of processor time"},
		{"store.span_rate.logs", "the same for log records with a text and five fields"},
		{"store.span_cpu", "processor time of a million of the captured spans with new ids, from OTLP in the ring file of a data directory until they are in parts, merged; the peer stores them from a file of its own Native format, in the order of time, into the tables of the Collector's exporter, and merges"},
		{"store.receive_cpu.http", "processor time of a process that receives a million of them over OTLP/HTTP, uncompressed, and commits them to a ring file"},
		{"store.receive_cpu.grpc", "the same over OTLP/gRPC"},
		{"store.write_amp", "bytes that `ttlog serve` makes the kernel write for each byte of its parts once all are merged, at 1,000 spans of that traffic a second over OTLP/HTTP for a minute; `go run ./cmd/writes` in `bench/` tells where they go, and for longer"},
		{"store.write_amp10k", "the same at 10,000 spans a second"},
		{"query.trace", "a whole trace by its id, without a time, nothing decoded or kept yet by either engine. Here and below ttlog and ClickHouse (npm's chdb) run in one process over the same 2,087,110 spans, 1,157,470 log records and 2,433,600 points, merged; ClickHouse has the tables of the Collector's exporter; both give their rows as JSON; " + "`make bench-deps` installs ClickHouse"},
		{"query.*", "the queries of " + "`bench/corpus/targets.sql`" + ", which has them in both dialects"},
		{"query.refresh", "query.p99 again after one percent more spans; the peer is the first run, by a store that was just opened"},
		{"query.scale.*", "with `-scale`: `ttlog serve` of 512 MiB over 20,871,100 spans, and its most memory; the peer is one over 2,087,110; over HTTP"},
		{"query.worst", "the query of the corpus with the largest ratio"},
		{"corpus.*", "what the interfaces of Jaeger, Tempo, SigNoz and VictoriaLogs ask: " + "`bench/corpus/`" + "; the answers are compared row by row in the same run"},
	}
}

// Options say what is measured.
type Options struct {
	// Only is what the ids begin with that are measured.
	Only string
	// Data is a directory in which what queries are measured on stays for the
	// next run; without it, it is made anew and removed.
	Data string
	// Answers compares the answers to queries and measures nothing.
	Answers bool
	// Scale measures query.scale too, which stores ten times the spans first.
	Scale bool
	// Profiles is a directory that gets a profile of ttlog's side of each query.
	Profiles string
}

// wants reports whether a figure is to be measured.
func (o Options) wants(id string) bool { return strings.HasPrefix(id, o.Only) }

// wantsOf reports whether any of the figures is that begin with group.
func (o Options) wantsOf(group string) bool {
	return o.wants(group) || strings.HasPrefix(o.Only, group)
}

// Run measures what the options say, and returns the figures. Progress goes to
// log. With an error about answers that differ there are figures too.
func Run(ctx context.Context, log io.Writer, o Options) ([]Figure, error) {
	plain := func(measure func(context.Context, io.Writer) ([]Figure, error)) func(context.Context, io.Writer, Options) ([]Figure, error) {
		return func(ctx context.Context, log io.Writer, _ Options) ([]Figure, error) { return measure(ctx, log) }
	}
	var figures []Figure
	for _, m := range []struct {
		groups  []string
		measure func(context.Context, io.Writer, Options) ([]Figure, error)
	}{
		{[]string{"hot.onend5"}, plain(onEnd)},
		{[]string{"hot.span5", "hot.end5"}, plain(spanCalls)},
		{[]string{"hot.write"}, plain(writes)},
		{[]string{"hot.log5", "hot.slog5"}, plain(logCalls)},
		{[]string{"hot.counter5"}, plain(counterCalls)},
		{[]string{"hot.pipeline5"}, plain(pipeline)},
		{[]string{"adopt.gin"}, plain(adopt("gin", "otelgin + otelsql + OTLP"))},
		{[]string{"adopt.chi"}, plain(adopt("chi", "otelhttp + redisotel + OTLP"))},
		{[]string{"instrument."}, instruments},
		{[]string{"store.span_rate", "store.span_bytes", "store.ratio"}, plain(store)},
		{[]string{"store.span_rate."}, plain(generatedRates)},
		{[]string{"store.span_cpu"}, plain(spanCPU)},
		{[]string{"store.receive_cpu."}, plain(receiveCPU)},
		{[]string{"store.write_amp"}, plain(writeAmplification)},
		{[]string{"query.", corpusPrefix}, queries},
		{[]string{"query.scale."}, scale},
	} {
		if !slices.ContainsFunc(m.groups, o.wantsOf) {
			continue
		}
		f, err := m.measure(ctx, log, o)
		figures = append(figures, f...)
		if err != nil {
			return figures, err
		}
	}
	return figures, nil
}
