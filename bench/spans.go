package bench

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// snapshots returns n ended spans with five attributes each, as the official
// SDK hands them to OnEnd: ids, times and two of the attributes differ from
// span to span, as they do in a service.
func snapshots(n int) ([]sdktrace.ReadOnlySpan, error) {
	keep := &keeper{spans: make([]sdktrace.ReadOnlySpan, 0, n)}
	tp := sdktrace.NewTracerProvider(
		sdktrace.WithSpanProcessor(keep),
		sdktrace.WithSampler(sdktrace.AlwaysSample()),
		sdktrace.WithResource(resource.NewSchemaless(
			attribute.String("service.name", "bench"),
			attribute.String("service.version", "1.2.3"),
			attribute.String("host.name", "localhost"),
		)),
	)
	tracer := tp.Tracer("github.com/ttlog/ttlog/bench", trace.WithInstrumentationVersion("1.0.0"))
	ctx := context.Background()
	for i := range n {
		_, span := tracer.Start(ctx, "GET /orders/{id}", trace.WithSpanKind(trace.SpanKindServer))
		span.SetAttributes(
			attribute.String("http.request.method", "GET"),
			attribute.String("http.route", "/orders/{id}"),
			attribute.String("url.path", fmt.Sprintf("/orders/%d", i)),
			attribute.Int("http.response.status_code", 200),
			attribute.Int("shop.items", i%17),
		)
		span.End()
	}
	return keep.spans, tp.Shutdown(ctx)
}

// keeper is a processor that keeps what ends.
type keeper struct{ spans []sdktrace.ReadOnlySpan }

func (*keeper) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (k *keeper) OnEnd(s sdktrace.ReadOnlySpan)                 { k.spans = append(k.spans, s) }
func (*keeper) Shutdown(context.Context) error                  { return nil }
func (*keeper) ForceFlush(context.Context) error                { return nil }
