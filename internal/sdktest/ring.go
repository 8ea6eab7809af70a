package sdktest

import (
	"fmt"
	"testing"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/internal/ringpack"
	"github.com/ttlog/ttlog/ringbuffer"
)

// NewRing returns a ring in memory and a reader of it, closed with the test.
func NewRing(tb testing.TB, size int) (*ringbuffer.Ring, *ringbuffer.Reader) {
	tb.Helper()
	r, err := ringbuffer.New(size)
	if err != nil {
		tb.Fatal(err)
	}
	rd, err := r.Reader("test")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = r.Close() })
	return r, rd
}

// DrainAll is [Drain] for a test that cannot go on without it.
func DrainAll(tb testing.TB, ring *ringbuffer.Ring, rd *ringbuffer.Reader) Drained {
	tb.Helper()
	d, err := Drain(ring, rd)
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

// Drained is what a reader found in a ring.
type Drained struct {
	Traces  ptrace.Traces
	Logs    plog.Logs
	Metrics pmetric.Metrics
	// Kinds counts the records by kind.
	Kinds map[otlpwire.Kind]int
}

// Drain reads all records of a ring, releases them, and decodes them with
// pdata, those that refer to the catalog included.
func Drain(ring *ringbuffer.Ring, rd *ringbuffer.Reader) (Drained, error) {
	d := Drained{Traces: ptrace.NewTraces(), Logs: plog.NewLogs(), Metrics: pmetric.NewMetrics(), Kinds: map[otlpwire.Kind]int{}}
	for {
		rec, ok := rd.Next()
		if !ok {
			return d, nil
		}
		d.Kinds[rec.Kind]++
		request, err := Request(ring, rec)
		if err != nil {
			return d, err
		}
		signal, _ := otlpwire.SignalOf(rec.Kind)
		if _, err := otlpwire.Validate(signal, request); err != nil {
			return d, err
		}
		switch signal {
		case otlpwire.Traces:
			one, err := UnmarshalTraces(request)
			if err != nil {
				return d, err
			}
			one.ResourceSpans().MoveAndAppendTo(d.Traces.ResourceSpans())
		case otlpwire.Logs:
			one, err := UnmarshalLogs(request)
			if err != nil {
				return d, err
			}
			one.ResourceLogs().MoveAndAppendTo(d.Logs.ResourceLogs())
		case otlpwire.Metrics:
			one, err := UnmarshalMetrics(request)
			if err != nil {
				return d, err
			}
			one.ResourceMetrics().MoveAndAppendTo(d.Metrics.ResourceMetrics())
		}
		rd.Release(rec.End)
	}
}

// Request returns the whole request of a record.
func Request(ring *ringbuffer.Ring, rec ringbuffer.Record) ([]byte, error) {
	if rec.Kind != otlpwire.KindSpan && rec.Kind != otlpwire.KindLog {
		_, request, err := ringpack.Request(rec.Kind, rec.Data, nil)
		return request, err
	}
	scopeID, message, err := otlpwire.SplitRef(rec.Data)
	if err != nil {
		return nil, err
	}
	kind, scope, ok := ring.Definition(scopeID)
	if !ok || kind != otlpwire.KindScope {
		return nil, fmt.Errorf("record at %d: scope %d has kind %d, found %v", rec.Pos, scopeID, kind, ok)
	}
	resourceID, scopeFields, err := otlpwire.SplitRef(scope)
	if err != nil {
		return nil, err
	}
	kind, resource, ok := ring.Definition(resourceID)
	if !ok || kind != otlpwire.KindResource {
		return nil, fmt.Errorf("scope %d: resource %d has kind %d, found %v", scopeID, resourceID, kind, ok)
	}
	group := otlpwire.AppendBytes(append([]byte(nil), scopeFields...), otlpwire.ScopeGroupRecords, message)
	group = otlpwire.AppendBytes(append([]byte(nil), resource...), otlpwire.GroupScopes, group)
	return otlpwire.AppendBytes(nil, otlpwire.RequestResource, group), nil
}
