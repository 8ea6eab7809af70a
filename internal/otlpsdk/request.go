package otlpsdk

import (
	"slices"

	"go.opentelemetry.io/otel/sdk/instrumentation"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

// SpansRequest encodes a whole ExportTraceServiceRequest. Spans of one resource
// and scope that follow each other share one ScopeSpans; the order is kept.
func (e *Encoder) SpansRequest(spans []sdktrace.ReadOnlySpan) ([]byte, error) {
	e.reset()
	g := grouper{e: e}
	for _, s := range slices.Backward(spans) {

		g.enter(s.Resource(), s.InstrumentationScope())
		end := e.len()
		e.span(s)
		e.close(otlpwire.ScopeGroupRecords, end)
	}
	g.end()
	return e.finish()
}

// LogsRequest encodes a whole ExportLogsServiceRequest, in the way of
// [Encoder.SpansRequest].
func (e *Encoder) LogsRequest(records []*sdklog.Record) ([]byte, error) {
	e.reset()
	g := grouper{e: e}
	for _, r := range slices.Backward(records) {

		g.enter(r.Resource(), r.InstrumentationScope())
		end := e.len()
		e.log(r)
		e.close(otlpwire.ScopeGroupRecords, end)
	}
	g.end()
	return e.finish()
}

// LogRequest encodes a whole ExportLogsServiceRequest of one record.
func (e *Encoder) LogRequest(r *sdklog.Record) ([]byte, error) {
	return e.LogsRequest([]*sdklog.Record{r})
}

// SpanRequest encodes a whole ExportTraceServiceRequest of one span.
func (e *Encoder) SpanRequest(s sdktrace.ReadOnlySpan) ([]byte, error) {
	return e.SpansRequest([]sdktrace.ReadOnlySpan{s})
}

// MetricsRequest encodes a whole ExportMetricsServiceRequest. Metrics for which
// [CheckMetric] has an error are left out.
func (e *Encoder) MetricsRequest(rm *metricdata.ResourceMetrics) ([]byte, error) {
	e.reset()
	g := grouper{e: e}
	for i := len(rm.ScopeMetrics) - 1; i >= 0; i-- {
		sm := &rm.ScopeMetrics[i]
		g.enter(rm.Resource, sm.Scope)
		for j := len(sm.Metrics) - 1; j >= 0; j-- {
			m, end := &sm.Metrics[j], e.len()
			if CheckMetric(m) != nil {
				continue
			}
			e.metric(m)
			e.close(otlpwire.ScopeGroupRecords, end)
		}
	}
	g.end()
	return e.finish()
}

// grouper opens and closes the messages around the records of a request, which
// come back to front.
type grouper struct {
	e        *Encoder
	open     bool // a ResourceX is open
	inScope  bool // a ScopeX is open
	resource *resource.Resource
	scope    instrumentation.Scope
	resEnd   int
	scopeEnd int
}

// enter makes the resource and the scope given those of what is written next.
func (g *grouper) enter(r *resource.Resource, s instrumentation.Scope) {
	sameResource := g.open && g.resource.Equal(r) && g.resource.SchemaURL() == r.SchemaURL()
	if sameResource && g.inScope && SameScope(&g.scope, &s) {
		return
	}
	if sameResource {
		g.endScope()
	} else {
		g.end()
		g.open, g.resource, g.resEnd = true, r, g.e.len()
	}
	g.inScope, g.scope, g.scopeEnd = true, s, g.e.len()
}

func (g *grouper) endScope() {
	if g.inScope {
		g.e.scope(&g.scope)
		g.e.close(otlpwire.GroupScopes, g.scopeEnd)
		g.inScope = false
	}
}

func (g *grouper) end() {
	g.endScope()
	if g.open {
		g.e.resource(g.resource)
		g.e.close(otlpwire.RequestResource, g.resEnd)
		g.open = false
	}
}

// SameScope tells whether two scopes are equal.
func SameScope(a, b *instrumentation.Scope) bool {
	return a.Name == b.Name && a.Version == b.Version && a.SchemaURL == b.SchemaURL && a.Attributes.Equals(&b.Attributes)
}
