package exporter_test

import (
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.uber.org/goleak"

	"github.com/ttlog/ttlog/exporter"
	"github.com/ttlog/ttlog/internal/otlpsdk"
	"github.com/ttlog/ttlog/internal/sdktest"
	"github.com/ttlog/ttlog/test/official"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func gen(r *rand.Rand) *sdktest.Gen {
	b := make([]byte, r.IntN(1500))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	g := sdktest.NewGen(b)
	g.Schemaless = true
	return g
}

// TestSameAsOfficial: what is in the ring is what the SDK's exporters send.
func TestSameAsOfficial(t *testing.T) {
	t.Parallel()
	ring, rd := sdktest.NewRing(t, 16<<20)
	tx, lx, mx := exporter.NewSpanExporter(ring), exporter.NewLogExporter(ring), exporter.NewMetricExporter(ring)
	r := rand.New(rand.NewPCG(1, 1))
	for range 30 {
		var spans []sdktrace.ReadOnlySpan
		var records []sdklog.Record
		for range 1 + r.IntN(6) {
			spans = append(spans, gen(r).Span())
			records = append(records, gen(r).Log())
		}
		rm := gen(r).Metrics()
		if err := errors.Join(tx.ExportSpans(t.Context(), spans), lx.Export(t.Context(), records)); err != nil {
			t.Fatal(err)
		}
		gotErr := mx.Export(t.Context(), rm)
		got := sdktest.DrainAll(t, ring, rd)
		wantT, err := official.Traces(spans)
		if err != nil {
			t.Fatal(err)
		}
		wantL, err := official.Logs(records)
		if err != nil {
			t.Fatal(err)
		}
		wantM, wantErr := official.Metrics(rm)
		if (gotErr == nil) != (wantErr == nil) || gotErr != nil && !errors.Is(gotErr, otlpsdk.ErrUnsupported) {
			t.Errorf("metrics: got error %v, the SDK's exporter %v", gotErr, wantErr)
		}
		if d := cmp.Diff(sdktest.FlatTraces(wantT), sdktest.FlatTraces(sdktest.DropLinkTraceState(got.Traces))); d != "" {
			t.Fatalf("spans: -official +got:\n%s", d)
		}
		if d := cmp.Diff(sdktest.FlatLogs(wantL), sdktest.FlatLogs(got.Logs)); d != "" {
			t.Fatalf("logs: -official +got:\n%s", d)
		}
		if d := cmp.Diff(sdktest.FlatMetrics(wantM), sdktest.FlatMetrics(got.Metrics)); d != "" {
			t.Fatalf("metrics: -official +got:\n%s", d)
		}
	}
}
