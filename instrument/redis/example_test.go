package ttlogredis_test

import (
	"context"
	"fmt"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	ttlogredis "github.com/ttlog/ttlog/instrument/redis"
)

func ExampleInstrumentTracing() {
	server, err := miniredis.Run() // any Redis
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()

	// Any SDK will do; without the option the global provider is used.
	spans := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))

	rdb := redis.NewClient(&redis.Options{Addr: server.Addr()})
	defer rdb.Close()
	if err := ttlogredis.InstrumentTracing(rdb, ttlogredis.WithTracerProvider(provider)); err != nil {
		fmt.Println(err)
		return
	}

	ctx := context.Background()
	rdb.Set(ctx, "user:7", "Ada", 0)
	fmt.Println(rdb.Get(ctx, "user:7").Val())
	for _, s := range spans.Ended() {
		fmt.Println(s.Name())
	}
	// Output:
	// Ada
	// SET
	// GET
}
