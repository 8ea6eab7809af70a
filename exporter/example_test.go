package exporter_test

import (
	"context"
	"fmt"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/ttlog/ttlog/exporter"
	"github.com/ttlog/ttlog/ringbuffer"
)

func ExampleNewMetricExporter() {
	ctx := context.Background()
	ring, err := ringbuffer.New(1 << 20)
	if err != nil {
		panic(err)
	}
	defer ring.Close()
	reader := sdkmetric.NewPeriodicReader(exporter.NewMetricExporter(ring))
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
	orders, err := provider.Meter("shop").Int64Counter("orders")
	if err != nil {
		panic(err)
	}
	orders.Add(ctx, 3)
	fmt.Println(provider.Shutdown(ctx), ring.Stats().Head > 0)
	// Output: <nil> true
}
