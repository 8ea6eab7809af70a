package processor_test

import (
	"context"
	"fmt"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/ttlog/ttlog/processor"
	"github.com/ttlog/ttlog/ringbuffer"
)

func ExampleNewSpanProcessor() {
	ctx := context.Background()
	ring, err := ringbuffer.New(1 << 20)
	if err != nil {
		panic(err)
	}
	defer ring.Close()
	spans := processor.NewSpanProcessor(ring)
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))
	_, span := provider.Tracer("example").Start(ctx, "checkout")
	span.End() // in the ring from here on
	fmt.Println(spans.Stats().Written, "written,", spans.Stats().Dropped(), "dropped")
	// Output: 1 written, 0 dropped
}
