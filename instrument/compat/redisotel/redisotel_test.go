package redisotel_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/ttlog/ttlog/instrument/compat/redisotel"
	"github.com/ttlog/ttlog/internal/conformance"
)

func TestInstrument(t *testing.T) {
	rec := conformance.NewRecorder(t)
	addr := miniredis.RunT(t).Addr()
	c := redis.NewClient(&redis.Options{Addr: addr})
	defer c.Close()
	err := redisotel.InstrumentTracing(c, redisotel.WithTracerProvider(rec.Tracers), redisotel.WithDBSystem("valkey"),
		redisotel.WithCallerEnabled(true),
		redisotel.WithCommandFilter(func(cmd redis.Cmder) bool { return cmd.Name() == "get" }),
		redisotel.WithCommandsFilter(func(cmds []redis.Cmder) bool { return len(cmds) == 1 }))
	if err != nil {
		t.Fatal(err)
	}
	closed := make(chan struct{})
	if err := redisotel.InstrumentMetrics(c, redisotel.WithMeterProvider(rec.Meters), redisotel.WithPoolName("main"), redisotel.WithCloseChan(closed)); err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	c.Set(ctx, "user:42", "password", 0)
	c.Get(ctx, "user:42")
	for n := range 2 {
		_, _ = c.Pipelined(ctx, func(p redis.Pipeliner) error {
			for range n + 1 {
				p.Get(ctx, "user:42")
			}
			return nil
		})
	}
	spans := rec.Spans()
	if got, want := conformance.Names(spans), []string{"SET", "PIPELINE GET"}; !slices.Equal(got, want) {
		t.Fatalf("spans %q, want %q", got, want)
	}
	conformance.Want(t, spans[0], map[string]string{"db.system.name": "valkey", "db.query.text": "SET user:42 ?"})
	if f := conformance.Attributes(spans[0])["code.function.name"]; !strings.HasSuffix(f, "redisotel_test.TestInstrument") {
		t.Errorf("called by %q", f)
	}
	if n := rec.Sum(t, "db.client.connection.count", "main"); n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
	close(closed)
}
