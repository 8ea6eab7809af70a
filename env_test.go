package ttlog_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/ttlog/ttlog"
)

// warnings has what Start told of, to the logger and to OpenTelemetry's handler.
type warnings struct {
	logger bytes.Buffer
	mu     sync.Mutex
	errors []string
}

// startWith starts ttlog with an environment and ends it with the test.
func startWith(t *testing.T, env map[string]string, opts ...ttlog.Option) *warnings {
	t.Helper()
	for name, value := range env {
		t.Setenv(name, value)
	}
	w := &warnings{}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.errors = append(w.errors, err.Error())
	}))
	opts = append(opts, ttlog.WithDataDir(t.TempDir()), ttlog.WithLogger(slog.New(slog.NewTextHandler(&w.logger, nil))))
	shutdown, err := ttlog.Start(t.Context(), opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := shutdown(t.Context()); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
	})
	return w
}

// about returns whether a word was told of in both places.
func (w *warnings) about(word string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Contains(w.logger.String(), word) && slices.ContainsFunc(w.errors, func(e string) bool { return strings.Contains(e, word) })
}

func (w *warnings) none() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.errors) == 0 && !strings.Contains(w.logger.String(), "environment")
}

// injected returns the headers that the global propagator writes.
func injected(t *testing.T) []string {
	t.Helper()
	sc := trace.NewSpanContext(trace.SpanContextConfig{TraceID: [16]byte{1}, SpanID: [8]byte{2}, TraceFlags: trace.FlagsSampled})
	carrier := propagation.MapCarrier{}
	otel.GetTextMapPropagator().Inject(trace.ContextWithSpanContext(t.Context(), sc), carrier)
	keys := carrier.Keys()
	for i := range keys {
		keys[i] = strings.ToLower(keys[i])
	}
	slices.Sort(keys)
	return keys
}

func TestEnvironment_Propagators(t *testing.T) {
	for value, want := range map[string][]string{
		"":                                 {"traceparent"},
		"tracecontext,baggage,b3":          {"b3", "traceparent"},
		"B3Multi":                          {"x-b3-sampled", "x-b3-spanid", "x-b3-traceid"},
		" Jaeger , carrier-pigeon":         {"uber-trace-id"},
		"carrier-pigeon":                   {"traceparent"},
		"none":                             nil,
		"xray":                             {"x-amzn-trace-id"},
		"ottrace,tracecontext,,baggage,b3": {"b3", "ot-tracer-sampled", "ot-tracer-spanid", "ot-tracer-traceid", "traceparent"},
	} {
		t.Run(value, func(t *testing.T) {
			w := startWith(t, map[string]string{"OTEL_PROPAGATORS": value})
			if got := injected(t); !slices.Equal(got, want) {
				t.Errorf("got headers %q, want %q", got, want)
			}
			if strings.Contains(value, "pigeon") != w.about("carrier-pigeon") || w.about("OTEL_PROPAGATORS") == w.none() {
				t.Errorf("told %q and %q", w.errors, &w.logger)
			}
		})
	}
}

func TestEnvironment_Disabled(t *testing.T) {
	for value, disabled := range map[string]bool{"true": true, "TRUE": true, "1": false, "t": false, "yes": false, "false": false, "False": false} {
		t.Run(value, func(t *testing.T) {
			w := startWith(t, map[string]string{"OTEL_SDK_DISABLED": value})
			code := call(ttlog.Handler(), http.MethodGet, "/healthz", "").Code
			if (code == http.StatusServiceUnavailable) != disabled {
				t.Errorf("healthz answers %d", code)
			}
			if known := disabled || strings.EqualFold(value, "false"); known != w.none() {
				t.Errorf("told %q", w.errors)
			}
		})
	}
}

// TestEnvironment_WhatCannotBeUsed: Start goes on, and says which variable.
func TestEnvironment_WhatCannotBeUsed(t *testing.T) {
	for _, v := range [][2]string{
		{"OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"},
		{"OTEL_EXPORTER_OTLP_COMPRESSION", "brotli"},
		{"OTEL_EXPORTER_OTLP_TIMEOUT", "10s"},
		{"OTEL_EXPORTER_OTLP_HEADERS", "authorization=50%"},
		{"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "localhost:port"},
		{"OTEL_EXPORTER_OTLP_CERTIFICATE", "/does/not/exist"},
		{"OTEL_METRIC_EXPORT_INTERVAL", "1m"},
		{"OTEL_METRICS_EXPORTER", "prometheus"},
		{"OTEL_TRACES_EXPORTER", "console"},
		{"OTEL_LOGS_EXPORTER", "carrier-pigeon"},
	} {
		t.Run(v[0], func(t *testing.T) {
			if w := startWith(t, map[string]string{v[0]: v[1]}); !w.about(v[0]) {
				t.Errorf("told %q and %q, want both to name it", w.errors, &w.logger)
			}
			_, span := otel.Tracer("test").Start(t.Context(), "work")
			span.End()
			eventually(t, "SELECT name FROM spans", [][]any{{"work"}})
		})
	}
	w := startWith(t, map[string]string{"OTEL_RESOURCE_ATTRIBUTES": "without a value,shard=7"})
	if !w.about("without a value") {
		t.Errorf("told %q and %q of the resource", w.errors, &w.logger)
	}
	_, span := otel.Tracer("test").Start(t.Context(), "work")
	span.End()
	eventually(t, "SELECT resource['shard'] FROM spans", [][]any{{"7"}})
}

// emitAll makes a span, a log record and a measurement.
func emitAll(t *testing.T) (sampled bool) {
	t.Helper()
	_, span := otel.Tracer("test").Start(t.Context(), "work")
	span.End()
	var r log.Record
	r.SetEventName("happened")
	otel.GetLoggerProvider().Logger("test").Emit(t.Context(), r)
	counter, err := otel.Meter("test").Int64Counter("orders")
	if err != nil {
		t.Fatal(err)
	}
	counter.Add(t.Context(), 1)
	return span.SpanContext().IsSampled()
}

// TestEnvironment_Exporters: where each signal goes, to the store and to the
// collector that the environment names.
func TestEnvironment_Exporters(t *testing.T) {
	for _, c := range []struct {
		signal, value   string
		stored, sent    bool
		table, endpoint string
	}{
		{"TRACES", "none", false, false, "spans", "/v1/traces"},
		{"LOGS", "None", false, false, "logs", "/v1/logs"},
		{"METRICS", "none", false, false, "metrics", "/v1/metrics"},
		{"TRACES", "ttlog", true, false, "spans", "/v1/traces"},
		{"LOGS", "ttlog", true, false, "logs", "/v1/logs"},
		{"METRICS", "TTLOG", true, false, "metrics", "/v1/metrics"},
		{"TRACES", "otlp", true, true, "spans", "/v1/traces"},
		{"METRICS", "", true, true, "metrics", "/v1/metrics"},
		{"LOGS", "carrier-pigeon", true, true, "logs", "/v1/logs"},
		{"LOGS", "console,ttlog", true, false, "logs", "/v1/logs"},
	} {
		t.Run(c.signal+"="+c.value, func(t *testing.T) {
			var mu sync.Mutex
			paths := map[string]bool{}
			collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				w.Header().Set("Content-Type", "application/x-protobuf")
				mu.Lock()
				defer mu.Unlock()
				paths[r.URL.Path] = true
			}))
			defer collector.Close()
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
			t.Setenv("OTEL_"+c.signal+"_EXPORTER", c.value)
			otel.SetErrorHandler(otel.ErrorHandlerFunc(func(error) {}))
			dir := t.TempDir()
			shutdown, err := ttlog.Start(t.Context(), ttlog.WithDataDir(dir))
			if err != nil {
				t.Fatal(err)
			}
			if !emitAll(t) {
				t.Error("the span is not sampled, so what follows it elsewhere would not be")
			}
			if err := shutdown(t.Context()); err != nil {
				t.Fatal(err)
			}
			if paths[c.endpoint] != c.sent || c.signal != "TRACES" && !paths["/v1/traces"] {
				t.Errorf("the collector got %v", paths)
			}
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "")
			t.Setenv("OTEL_"+c.signal+"_EXPORTER", "none")
			if shutdown, err = ttlog.Start(t.Context(), ttlog.WithDataDir(dir)); err != nil {
				t.Fatal(err)
			}
			if got := ask(t, "SELECT count(*) > 0 FROM "+c.table); !reflect.DeepEqual(got, [][]any{{c.stored}}) {
				t.Errorf("stored: %v, want %v", got, c.stored)
			}
			if err := shutdown(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// With no signal left to send, the collector of the environment is none.
func TestEnvironment_NothingToForward(t *testing.T) {
	env := map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}
	for _, signal := range []string{"TRACES", "LOGS", "METRICS"} {
		env["OTEL_"+signal+"_EXPORTER"] = "ttlog"
	}
	startWith(t, env)
	if got := call(ttlog.Handler(), http.MethodGet, "/api/v1/status", "").Body.String(); strings.Contains(got, "127.0.0.1:1") {
		t.Errorf("the status has a forwarder: %s", got)
	}
}
