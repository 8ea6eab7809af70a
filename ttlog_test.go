package ttlog_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/ttlog/ttlog"
)

// start starts ttlog for a test, which may stop it before it ends.
func start(t testing.TB, opts ...ttlog.Option) (stop func()) {
	t.Helper()
	shutdown, err := ttlog.Start(t.Context(), opts...)
	if err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceFunc(func() {
		if err := shutdown(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// call asks a handler as a client on this host does.
func call(h http.Handler, method, target, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.RemoteAddr, r.Host = "127.0.0.1:1", "localhost:8080"
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// ask runs SQL through the handler that an application mounts.
func ask(t testing.TB, sql string) [][]any {
	t.Helper()
	w := call(ttlog.Handler(), http.MethodPost, "/api/v1/query", sql)
	if w.Code != http.StatusOK {
		t.Fatalf("%s: %d %s", sql, w.Code, w.Body)
	}
	var doc struct{ Rows [][]any }
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	return doc.Rows
}

// eventually asks until the answer is the wanted one.
func eventually(t testing.TB, sql string, want [][]any) {
	t.Helper()
	var got [][]any
	for range 1000 {
		if got = ask(t, sql); reflect.DeepEqual(got, want) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%s: got %v, want %v", sql, got, want)
}

// TestWithOfficialSDK: the providers are of the SDK's types, and record the same.
func TestWithOfficialSDK(t *testing.T) {
	for _, official := range []bool{false, true} {
		var opts []ttlog.Option
		if official {
			opts = append(opts, ttlog.WithOfficialSDK())
		}
		stop := start(t, append(opts, ttlog.WithDataDir(t.TempDir()), ttlog.WithService("shop"))...)
		ctx, span := otel.Tracer("test").Start(t.Context(), "work")
		if _, ok := span.TracerProvider().(*sdktrace.TracerProvider); ok != official {
			t.Errorf("WithOfficialSDK %v: the provider is a %T", official, span.TracerProvider())
		}
		span.SetAttributes(attribute.Int("items", 3))
		span.AddEvent("paid")
		var rec log.Record
		rec.SetBody(attribute.StringValue("hello"))
		otel.GetLoggerProvider().Logger("test").Emit(ctx, rec)
		span.End()
		eventually(t, "SELECT service, name, items FROM spans", [][]any{{"shop", "work", 3.0}})
		eventually(t, "SELECT service, body, trace_id FROM logs", [][]any{{"shop", "hello", span.SpanContext().TraceID().String()}})
		stop()
	}
}

func TestStart_StoresAllSignals(t *testing.T) {
	ctx := t.Context()
	dir := filepath.Join(t.TempDir(), "data")
	before := slog.Default()
	defer slog.SetDefault(before)
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test,service.name=from-attributes")
	shutdown, err := ttlog.Start(ctx, ttlog.WithDataDir(dir), ttlog.WithService("shop"),
		ttlog.WithServiceVersion("1.2.3"), ttlog.WithAttributes(attribute.Int("shard", 7)), ttlog.WithSlog())
	if err != nil {
		t.Fatal(err)
	}
	spanCtx, span := otel.Tracer("test").Start(ctx, "work")
	slog.WarnContext(spanCtx, "careful", "items", 3)
	span.End()
	counter, err := otel.Meter("test").Int64Counter("orders")
	if err != nil {
		t.Fatal(err)
	}
	counter.Add(ctx, 2)

	eventually(t, "SELECT service, name, resource['service.version'], resource['shard'], resource['deployment.environment.name'] FROM spans",
		[][]any{{"shop", "work", "1.2.3", 7.0, "test"}})
	id := span.SpanContext().TraceID().String()
	eventually(t, "SELECT level, body, items, trace_id FROM logs", [][]any{{"WARN", "careful", 3.0, id}})
	carrier := propagation.MapCarrier{}
	otel.GetTextMapPropagator().Inject(spanCtx, carrier)
	if !strings.Contains(carrier["traceparent"], id) {
		t.Errorf("the propagator injects %v, want a traceparent with %s", carrier, id)
	}

	if err := shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	if err := shutdown(ctx); err != nil {
		t.Errorf("a second shutdown: %v", err)
	}
	if w := call(ttlog.Handler(), http.MethodGet, "/healthz", ""); w.Code != http.StatusServiceUnavailable {
		t.Errorf("after shutdown the handler answers %d, want 503", w.Code)
	}

	// Everything is durable: a second start finds it, with the metrics that
	// shutdown collected.
	shutdown, err = ttlog.Start(ctx, ttlog.WithDataDir(dir))
	if err != nil {
		t.Fatal(err)
	}
	defer shutdown(context.Background())
	for sql, want := range map[string][][]any{
		"SELECT count(*) FROM spans":      {{1.0}},
		"SELECT count(*) FROM logs":       {{1.0}},
		"SELECT name, value FROM metrics": {{"orders", 2.0}},
	} {
		if got := ask(t, sql); !reflect.DeepEqual(got, want) {
			t.Errorf("after a restart: %s: got %v, want %v", sql, got, want)
		}
	}
}

func TestStart_HonoursTheEnvironment(t *testing.T) {
	t.Setenv("OTEL_SERVICE_NAME", "from-env")
	t.Setenv("OTEL_TRACES_SAMPLER", "traceidratio")
	t.Setenv("OTEL_TRACES_SAMPLER_ARG", "0")
	ctx := t.Context()
	shutdown, err := ttlog.Start(ctx, ttlog.WithDataDir(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	_, span := otel.Tracer("test").Start(ctx, "never sampled")
	span.End()
	if span.SpanContext().IsSampled() {
		t.Error("the span is sampled, although OTEL_TRACES_SAMPLER says no span is")
	}
	if err := shutdown(ctx); err != nil {
		t.Fatal(err)
	}

	t.Setenv("OTEL_TRACES_SAMPLER", "always_on")
	shutdown, err = ttlog.Start(ctx, ttlog.WithDataDir(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	_, span = otel.Tracer("test").Start(ctx, "sampled")
	span.End()
	eventually(t, "SELECT service, name FROM spans", [][]any{{"from-env", "sampled"}})
	if err := shutdown(ctx); err != nil {
		t.Fatal(err)
	}

	t.Setenv("OTEL_SDK_DISABLED", "true")
	dir := filepath.Join(t.TempDir(), "data")
	shutdown, err = ttlog.Start(ctx, ttlog.WithDataDir(dir))
	if err != nil {
		t.Fatal(err)
	}
	if err := shutdown(ctx); err != nil {
		t.Error(err)
	}
	if found, _ := filepath.Glob(dir); found != nil {
		t.Error("a disabled SDK made a data directory")
	}
}

func TestStart_ForwardsToTheCollectorOfTheEnvironment(t *testing.T) {
	paths := make(chan string, 100)
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/x-protobuf")
		paths <- r.URL.Path
	}))
	defer collector.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
	ctx := t.Context()
	shutdown, err := ttlog.Start(ctx, ttlog.WithDataDir(t.TempDir()), ttlog.WithService("shop"))
	if err != nil {
		t.Fatal(err)
	}
	_, span := otel.Tracer("test").Start(ctx, "work")
	span.End()
	if err := shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	close(paths)
	if got := <-paths; got != "/v1/traces" {
		t.Errorf("the collector got %q, want a request to /v1/traces", got)
	}
}

// TestStart_StatusCountsDrops: what the application lost is in the status.
func TestStart_StatusCountsDrops(t *testing.T) {
	ctx := t.Context()
	shutdown, err := ttlog.Start(ctx, ttlog.WithDataDir(t.TempDir()), ttlog.WithRingSize(64<<10))
	if err != nil {
		t.Fatal(err)
	}
	defer shutdown(ctx)
	for _, size := range []int{10, 32 << 10} { // the second is more than the ring takes
		_, span := otel.Tracer("test").Start(ctx, strings.Repeat("n", size))
		span.End()
	}
	w := call(ttlog.Handler(), http.MethodGet, "/api/v1/status", "")
	var doc struct{ Processors map[string]map[string]int }
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	none := map[string]int{"written": 0, "whole": 0, "full": 0, "too_large": 0, "shutdown": 0, "failed": 0}
	spans := maps.Clone(none)
	spans["written"], spans["too_large"] = 1, 1
	if want := map[string]map[string]int{"spans": spans, "logs": none}; !reflect.DeepEqual(doc.Processors, want) {
		t.Errorf("got %v, want %v", doc.Processors, want)
	}
}

// TestStart_EndsWithoutTheCollector: where the collector is away and the context
// has no end, as in the README, a flush says that it is behind, and shutdown ends
// with everything in the store and the collector's share kept for later.
func TestStart_EndsWithoutTheCollector(t *testing.T) {
	defer ttlog.SetFlushLimit(200 * time.Millisecond)()
	ctx, dir := t.Context(), t.TempDir()
	var log bytes.Buffer
	shutdown, err := ttlog.Start(ctx, ttlog.WithDataDir(dir), ttlog.WithForward("http://127.0.0.1:1"),
		ttlog.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	if err != nil {
		t.Fatal(err)
	}
	_, span := otel.Tracer("test").Start(ctx, "work")
	span.End()
	if err := otel.GetTracerProvider().(interface{ ForceFlush(context.Context) error }).ForceFlush(context.WithoutCancel(ctx)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("flush: %v, want that the collector is behind", err)
	}
	ttlog.SetFlushLimit(time.Minute)
	if err := shutdown(context.WithoutCancel(ctx)); err != nil {
		t.Error(err)
	}
	if !strings.Contains(log.String(), "kept and sent after the next start") {
		t.Errorf("the log does not say what is kept:\n%s", &log)
	}
	shutdown, err = ttlog.Start(ctx, ttlog.WithDataDir(dir))
	if err != nil {
		t.Fatal(err)
	}
	if got := ask(t, "SELECT name FROM spans"); !reflect.DeepEqual(got, [][]any{{"work"}}) {
		t.Errorf("the store has %v", got)
	}
	if err := shutdown(ctx); err != nil {
		t.Error(err)
	}
}
