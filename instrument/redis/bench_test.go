package ttlogredis

import (
	"context"
	"testing"

	"github.com/redis/go-redis/v9"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/ttlog/ttlog/internal/conformance"
)

// answered is a hook that answers at once, so that what is measured is what is
// added.
type answered struct{}

func (answered) DialHook(next redis.DialHook) redis.DialHook { return next }
func (answered) ProcessHook(redis.ProcessHook) redis.ProcessHook {
	return func(context.Context, redis.Cmder) error { return nil }
}

func (answered) ProcessPipelineHook(redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(context.Context, []redis.Cmder) error { return nil }
}

func BenchmarkGet(b *testing.B) {
	run := func(b *testing.B, opts []Option) {
		b.Helper()
		c := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"})
		defer c.Close()
		if opts != nil {
			if err := Instrument(c, opts...); err != nil {
				b.Fatal(err)
			}
		}
		c.AddHook(answered{})
		ctx := context.Background()
		b.ReportAllocs()
		for b.Loop() {
			c.Get(ctx, "user:42")
		}
	}
	b.Run("bare", func(b *testing.B) { run(b, nil) })
	b.Run("sdk=none", func(b *testing.B) { run(b, options(nil, nil)) })
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewManualReader()))
	b.Run("sdk=sampled", func(b *testing.B) { run(b, options(conformance.Discarding(), meters)) })
}
