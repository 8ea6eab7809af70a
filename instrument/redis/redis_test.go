package ttlogredis

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/ttlog/ttlog/internal/conformance"
	"github.com/ttlog/ttlog/internal/testservers"
)

func TestMain(m *testing.M) { os.Exit(testservers.Run(m)) }

func options(tp trace.TracerProvider, mp metric.MeterProvider, more ...Option) []Option {
	return append([]Option{WithTracerProvider(tp), WithMeterProvider(mp)}, more...)
}

func mini(t testing.TB) string { return miniredis.RunT(t).Addr() }

// client returns an instrumented client that has connected already.
func client(t testing.TB, addr string, opts ...Option) *redis.Client {
	t.Helper()
	c := redis.NewClient(&redis.Options{Addr: addr, DB: 3})
	t.Cleanup(func() { _ = c.Close() })
	if err := Instrument(c, opts...); err != nil {
		t.Fatal(err)
	}
	if err := c.Ping(context.Background()).Err(); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestConformance(t *testing.T) {
	for name, server := range map[string]func(testing.TB) string{"Redis": testservers.Redis, "miniredis": mini} {
		t.Run(name, func(t *testing.T) {
			conformance.Run(t, conformance.Subject{
				Scope: ScopeName, Kind: trace.SpanKindClient, Metric: "db.client.operation.duration",
				Required: []string{"db.system.name", "db.namespace", "db.operation.name", "db.query.text", "server.address", "server.port"},
				Measured: []string{"db.system.name", "db.namespace", "db.operation.name", "server.address", "server.port"},
				OKName:   "GET", FailName: "LPUSH", ErrorType: "WRONGTYPE",
				Open: func(t testing.TB, tp trace.TracerProvider, mp metric.MeterProvider) (ok, fails conformance.Operation) {
					c := client(t, server(t), options(tp, mp)...)
					if err := c.Set(context.Background(), "k", "v", 0).Err(); err != nil {
						t.Fatal(err)
					}
					return func(ctx context.Context, t testing.TB) {
							if got, err := c.Get(ctx, "k").Result(); err != nil || got != "v" {
								t.Errorf("got %q, %v", got, err)
							}
						}, func(ctx context.Context, t testing.TB) {
							if err := c.LPush(ctx, "k", "x").Err(); err == nil {
								t.Error("no error")
							}
						}
				},
			})
		})
	}
}

func TestInstrument_Spans(t *testing.T) {
	rec := conformance.NewRecorder(t)
	c := client(t, testservers.Redis(t), options(rec.Tracers, rec.Meters)...)
	ctx := t.Context()
	f := func(name string, want map[string]string, do func() error) {
		t.Helper()
		rec.Reset()
		if err := do(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		span := rec.One(t)
		if span.Name() != name {
			t.Errorf("span is called %q, want %q", span.Name(), name)
		}
		conformance.Want(t, span, want)
	}
	f("SET", map[string]string{
		"db.system.name": "redis", "db.namespace": "3", "db.operation.name": "SET", "db.query.text": "SET user:42 ?",
		"error.type": "-", "db.operation.batch.size": "-",
	}, func() error { return c.Set(ctx, "user:42", "password-value", 0).Err() })
	f("GET", map[string]string{"error.type": "-", "db.response.status_code": "-"}, func() error {
		if err := c.Get(ctx, "no such key").Err(); !errors.Is(err, redis.Nil) {
			return errors.New("no nil reply")
		}
		return nil
	})
	f("HSET", map[string]string{"db.query.text": "HSET h name ? age ?"}, func() error { return c.HSet(ctx, "h", "name", "bob", "age", 7).Err() })
	f("PIPELINE GET", map[string]string{
		"db.operation.name": "PIPELINE GET", "db.operation.batch.size": "2", "db.query.text": "GET a\nGET b",
		"db.query.summary": "PIPELINE GET", "error.type": "-",
	}, func() error {
		_, err := c.Pipelined(ctx, func(p redis.Pipeliner) error { p.Get(ctx, "a"); p.Get(ctx, "b"); return nil })
		if errors.Is(err, redis.Nil) {
			err = nil
		}
		return err
	})
	f("PIPELINE", map[string]string{"db.operation.batch.size": "2", "error.type": "WRONGTYPE", "db.response.status_code": "WRONGTYPE"}, func() error {
		// The nil reply comes first and must not hide the error behind it.
		_, err := c.Pipelined(ctx, func(p redis.Pipeliner) error { p.Get(ctx, "a"); p.LPush(ctx, "user:42", "x"); return nil })
		if err == nil {
			return errors.New("no error")
		}
		return nil
	})
	f("MULTI SET", map[string]string{"db.operation.batch.size": "-", "db.query.text": "SET a ?"}, func() error {
		_, err := c.TxPipelined(ctx, func(p redis.Pipeliner) error { p.Set(ctx, "a", "s3cr3t", 0); return nil })
		return err
	})
	f("EVAL", map[string]string{"db.query.text": "EVAL ? 1 key ?"}, func() error {
		return c.Eval(ctx, "return 'secret'", []string{"key"}, "arg").Err()
	})
	f("PIPELINE NOSUCH", map[string]string{"error.type": "ERR"}, func() error {
		_, err := c.Pipelined(ctx, func(p redis.Pipeliner) error { p.Do(ctx, "nosuch", "s3cr3t"); return nil })
		if err == nil || !strings.Contains(err.Error(), "s3cr3t") {
			return fmt.Errorf("the server no longer repeats the arguments: %w", err)
		}
		if got := rec.Spans()[0].Status().Description; !strings.Contains(got, "nosuch") || strings.Contains(got, "s3cr3t") {
			return fmt.Errorf("the status is %q", got)
		}
		return nil
	})
	f("NOSUCH", map[string]string{"db.query.text": "NOSUCH ? ?", "error.type": "ERR"}, func() error {
		if err := c.Do(ctx, "nosuch", "secret", "secret").Err(); err == nil {
			return errors.New("no error")
		}
		return nil
	})
}

func TestInstrument_HandshakeIsNoSpan(t *testing.T) {
	rec := conformance.NewRecorder(t)
	client(t, testservers.Redis(t), options(rec.Tracers, rec.Meters)...)
	if got := conformance.Names(rec.Spans()); !slices.Equal(got, []string{"PING"}) {
		t.Errorf("spans %q, want PING alone", got)
	}
}

// TestInstrument_FailedDial counts the spans while the server is down: go-redis
// dials again and again, by itself.
func TestInstrument_FailedDial(t *testing.T) {
	f := func(dials bool, opts ...Option) {
		t.Helper()
		rec := conformance.NewRecorder(t)
		c := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1, MinIdleConns: 3})
		defer c.Close()
		if err := InstrumentTracing(c, options(rec.Tracers, rec.Meters, opts...)...); err != nil {
			t.Fatal(err)
		}
		if err := c.Get(t.Context(), "k").Err(); err == nil {
			t.Fatal("no error")
		}
		got := conformance.Names(rec.Spans())
		if slices.Contains(got, "CONNECT") != dials || !slices.Contains(got, "GET") {
			t.Errorf("spans %q, want dials: %v", got, dials)
		}
		for _, s := range rec.Spans() {
			conformance.Want(t, s, map[string]string{"error.type": "syscall.ECONNREFUSED", "server.port": "1"})
		}
	}
	f(false)
	f(true, WithDialSpans())
}

// blockingHook answers when its context has ended.
type blockingHook struct{ failingHook }

func (blockingHook) ProcessHook(redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, _ redis.Cmder) error {
		<-ctx.Done()
		return ctx.Err()
	}
}

func TestInstrument_CanceledIsNoError(t *testing.T) {
	rec := conformance.NewRecorder(t)
	c := client(t, mini(t), options(rec.Tracers, rec.Meters)...)
	c.AddHook(blockingHook{})
	rec.Reset()
	ctx, leave := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, leave)
	if err := c.Get(ctx, "k").Err(); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	span := rec.One(t)
	conformance.Want(t, span, map[string]string{"error.type": "context.Canceled", "db.response.status_code": "-"})
	if span.Status().Code != codes.Unset {
		t.Errorf("the status is %v", span.Status())
	}
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer stop()
	rec.Reset()
	_ = c.Get(ctx, "k").Err()
	if span := rec.One(t); span.Status().Code != codes.Error {
		t.Errorf("after a deadline the status is %v", span.Status())
	}
}

func TestInstrumentMetrics_OfThePool(t *testing.T) {
	rec := conformance.NewRecorder(t)
	addr := mini(t)
	c := redis.NewClient(&redis.Options{Addr: addr, PoolSize: 7, MaxIdleConns: 3})
	defer c.Close()
	if err := InstrumentMetrics(c, options(rec.Tracers, rec.Meters)...); err != nil {
		t.Fatal(err)
	}
	if err := c.Ping(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	pool := addr + "/0"
	for name, want := range map[string]int64{"max": 7, "idle.max": 3, "idle.min": 0, "timeouts": 0, "count": 1} {
		if n := rec.Sum(t, "db.client.connection."+name, pool); n != want {
			t.Errorf("%s is %d, want %d", name, n, want)
		}
	}
	if n := rec.Sum(t, "db.client.connection.count", pool, "idle"); n != 1 {
		t.Errorf("%d connections are idle, want 1", n)
	}
	if n := rec.Histogram(t, "db.client.connection.create_time")[0].Count; n != 1 {
		t.Errorf("measured %d new connections, want 1", n)
	}
}

func TestInstrument_TracingAndMetricsAreApart(t *testing.T) {
	f := func(spans, points int, instrument ...func(Client, ...Option) error) {
		t.Helper()
		rec := conformance.NewRecorder(t)
		c := redis.NewClient(&redis.Options{Addr: mini(t)})
		defer c.Close()
		for _, in := range instrument {
			if err := in(c, options(rec.Tracers, rec.Meters)...); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.Set(t.Context(), "k", "v", 0).Err(); err != nil {
			t.Fatal(err)
		}
		if got := len(rec.Spans()); got != spans {
			t.Errorf("%d spans, want %d", got, spans)
		}
		if got := len(rec.Histogram(t, "db.client.operation.duration")); got != points {
			t.Errorf("%d metric points, want %d", got, points)
		}
	}
	f(1, 0, InstrumentTracing)
	f(0, 1, InstrumentMetrics)
	f(1, 1, InstrumentTracing, InstrumentMetrics)
	f(1, 1, Instrument)
}

func TestInstrument_RingAndCluster(t *testing.T) {
	addr := mini(t)
	_, port, _ := strings.Cut(addr, ":")
	for name, c := range map[string]redis.UniversalClient{
		"ring":    redis.NewRing(&redis.RingOptions{Addrs: map[string]string{"one": addr}}),
		"cluster": redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{addr}}),
	} {
		t.Run(name, func(t *testing.T) {
			defer c.Close()
			rec := conformance.NewRecorder(t)
			if err := Instrument(c, options(rec.Tracers, rec.Meters)...); err != nil {
				t.Fatal(err)
			}
			if err := c.Set(t.Context(), "k", "v", 0).Err(); err != nil {
				t.Fatal(err)
			}
			span := rec.One(t)
			conformance.Want(t, span, map[string]string{"db.operation.name": "SET", "server.address": "127.0.0.1", "server.port": port})
			point := conformance.Texts(rec.Histogram(t, "db.client.operation.duration")[0].Attributes.ToSlice())
			if point["server.address"] != "127.0.0.1" || point["server.port"] != port {
				t.Errorf("measured with %v, want the node's address", point)
			}
			if n := rec.Sum(t, "db.client.connection.count", addr); n == 0 {
				t.Error("the node's pool is not measured")
			}

			// A pipeline may go to several nodes; which one go-redis asked
			// for its table of commands says nothing about it.
			rec.Reset()
			if _, err := c.Pipelined(t.Context(), func(p redis.Pipeliner) error { p.Get(t.Context(), "k"); p.Get(t.Context(), "k"); return nil }); err != nil {
				t.Fatal(err)
			}
			conformance.Want(t, rec.One(t), map[string]string{"db.operation.name": "PIPELINE GET", "server.address": "-"})

			// A transaction with WATCH goes to the node at once.
			rec.Reset()
			err := c.Watch(t.Context(), func(tx *redis.Tx) error {
				if err := tx.Get(t.Context(), "k").Err(); err != nil {
					return err
				}
				_, err := tx.TxPipelined(t.Context(), func(p redis.Pipeliner) error { p.Set(t.Context(), "k", "w", 0); return nil })
				return err
			}, "k")
			if err != nil {
				t.Fatal(err)
			}
			names := conformance.Names(rec.Spans())
			if n := len(names); n > 0 && names[n-1] == "UNWATCH" {
				names = names[:n-1] // go-redis sends it or not, by its version
			}
			if want := []string{"WATCH", "GET", "MULTI SET"}; !slices.Equal(names, want) {
				t.Errorf("spans %q, want %q", names, want)
			}
			for _, s := range rec.Spans() {
				conformance.Want(t, s, map[string]string{"server.address": "127.0.0.1", "server.port": port})
			}
		})
	}
}

func TestInstrument_Options(t *testing.T) {
	rec := conformance.NewRecorder(t)
	c := client(t, mini(t), options(rec.Tracers, rec.Meters, WithoutQueryText(), WithDialSpans(),
		WithFilter(func(cmd redis.Cmder) bool { return cmd.Name() != "set" }))...)
	c.Set(t.Context(), "k", "v", 0)
	c.Get(t.Context(), "k")
	_, _ = c.Pipelined(t.Context(), func(p redis.Pipeliner) error { p.Set(t.Context(), "k", "v", 0); return nil })
	// go-redis dials when it likes; that it did once is certain.
	names := conformance.Names(rec.Spans())
	commands := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == "CONNECT" })
	if want := []string{"PING", "GET"}; !slices.Equal(commands, want) || len(names) == len(commands) {
		t.Errorf("spans %q, want %q and CONNECT", names, want)
	}
	for _, s := range rec.Spans() {
		conformance.Want(t, s, map[string]string{"db.query.text": "-"})
	}
}

func TestInstrument_NilClient(t *testing.T) {
	for _, c := range []Client{nil, (*redis.Client)(nil), (*redis.ClusterClient)(nil), (*redis.Ring)(nil)} {
		if err := Instrument(c); err == nil {
			t.Errorf("%T: no error for a nil client", c)
		}
	}
}

func TestStatusOf(t *testing.T) {
	c := client(t, testservers.Redis(t))
	err := c.Do(t.Context(), "set", "only one").Err()
	if got := statusOf(err); got != "ERR" {
		t.Errorf("statusOf(%v) = %q, want ERR", err, got)
	}
	for _, err := range []error{redis.Nil, redis.TxFailedErr, redis.ErrClosed, errors.New("WRONGTYPE but not of Redis")} {
		if got := statusOf(err); got != "" {
			t.Errorf("statusOf(%v) = %q, want none", err, got)
		}
	}
}

func TestAppendText(t *testing.T) {
	f := func(want string, args ...any) {
		t.Helper()
		cmd := redis.NewCmd(t.Context(), args...)
		if got := string(appendText(nil, operationName(cmd), cmd.Args())); got != want {
			t.Errorf("%v is shown as %q, want %q", args, got, want)
		}
	}
	f("SET k ?", "set", "k", "v")
	f("SET k ? ? ?", "SeT", []byte("k"), "v", "ex", 10)
	f("AUTH ? ?", "auth", "user", "password")
	f("CONFIG ? ? ?", "config", "set", "requirepass", "s")
	f("MSET a ? b ?", "mset", "a", 1, "b", 2)
	f("HMSET h f ? g ?", "hmset", "h", "f", 1, "g", 2)
	f("HGET h f", "hget", "h", "f")
	f("DEL a b 7", "del", "a", "b", 7)
	f("EVALSHA abc 2 k1 k2 ?", "evalsha", "abc", 2, "k1", "k2", "v")
	f("EVAL ? 99 k", "eval", "script", 99, "k")
	f("EVAL ? -1 ?", "eval", "script", -1, "v")
	f("BLPOP a b ?", "blpop", "a", "b", 5)
	f("BLMPOP 0 2 a b ? ?", "blmpop", 0, 2, "a", "b", "left", 3)
	f("ZINTERSTORE dest 2 a b ? ?", "zinterstore", "dest", 2, "a", "b", "weights", 1)
	f("LMPOP 1 a ?", "lmpop", 1, "a", "left")
	f("SINTERCARD 1 a ? ?", "sintercard", 1, "a", "limit", 9)
	f("XREADGROUP ? ? ? ? ? STREAMS s1 s2 ? ?", "xreadgroup", "group", "g", "consumer", "count", 9, "STREAMS", "s1", "s2", ">", ">")
	f("XREAD ? ? streams s1 ?", "xread", "block", 9, "streams", "s1", "0")
	f("XGROUP create s ? ?", "xgroup", "create", "s", "g", "$")
	f("JSON.SET doc ? ?", "json.set", "doc", "$", `{"a":1}`)
	f("JSON.MGET a b ?", "json.mget", "a", "b", "$.x")
	f("FT.SEARCH idx ?", "ft.search", "idx", "@name:secret")
	f("BF.ADD filter ?", "bf.add", "filter", "secret")
	f("_OTHER ?", "bad name\n", "secret")
	f("_OTHER", strings.Repeat("x", 100))
	f("PING", "ping")
	f("GET \uFFFD", "get", "\xff\xfe")
	f("GET ?", "get", struct{}{})
}

func FuzzAppendText(f *testing.F) {
	f.Add("set", "key", []byte("value"), int64(1))
	f.Add("eval", "script", []byte("2"), int64(-1))
	f.Add("hset\xff", "\xff", []byte{0xff}, int64(1<<62))
	f.Fuzz(func(t *testing.T, name, a string, b []byte, n int64) {
		cmd := redis.NewCmd(context.Background(), name, a, b, n, a, b)
		text := pipelineText([]redis.Cmder{cmd, cmd})
		if !utf8.ValidString(text) || len(text) > 2*maxTextBytes {
			t.Errorf("%q: %d bytes", text, len(text))
		}
	})
}

func TestPipelineText_IsBounded(t *testing.T) {
	var cmds []redis.Cmder
	for range 10_000 {
		cmds = append(cmds, redis.NewCmd(t.Context(), "get", strings.Repeat("k", 1000)))
	}
	if got := len(pipelineText(cmds)); got > maxTextBytes+maxArgBytes+100 {
		t.Errorf("text has %d bytes", got)
	}
}

// failingHook stands for a hook or a connection that returns an error of its own.
type failingHook struct {
	redis.Hook
	err error
}

func (h failingHook) DialHook(next redis.DialHook) redis.DialHook { return next }
func (h failingHook) ProcessHook(redis.ProcessHook) redis.ProcessHook {
	return func(_ context.Context, cmd redis.Cmder) error { return h.err }
}

func (h failingHook) ProcessPipelineHook(redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(context.Context, []redis.Cmder) error { return h.err }
}

func TestErrors_ThatPanic(t *testing.T) {
	for text, faulty := range conformance.FaultyErrors() {
		rec := conformance.NewRecorder(t)
		c := redis.NewClient(&redis.Options{Addr: mini(t)})
		t.Cleanup(func() { _ = c.Close() })
		if err := Instrument(c, options(rec.Tracers, rec.Meters)...); err != nil {
			t.Fatal(err)
		}
		c.AddHook(failingHook{err: faulty})
		if err := c.Process(t.Context(), redis.NewStringCmd(t.Context(), "get", "k")); err != faulty { //nolint:errorlint // its methods panic
			t.Errorf("%s: another error arrives", text)
		}
		span := rec.One(t)
		if got := span.Status().Description; got != text {
			t.Errorf("the status says %q, want %q", got, text)
		}
		conformance.Want(t, span, map[string]string{"error.type": "*conformance.FaultyError", "db.response.status_code": "-"})
	}
}

// TestWithParentRequired has spans only below another, and measures always.
func TestWithParentRequired(t *testing.T) {
	rec := conformance.NewRecorder(t)
	c := redis.NewClient(&redis.Options{Addr: mini(t)})
	defer c.Close()
	if err := Instrument(c, options(rec.Tracers, rec.Meters, WithParentRequired(), WithDialSpans())...); err != nil {
		t.Fatal(err)
	}
	do := func(ctx context.Context) {
		t.Helper()
		if err := c.Set(ctx, "k", "v", 0).Err(); err != nil {
			t.Error(err)
		}
		if _, err := c.Pipelined(ctx, func(p redis.Pipeliner) error { p.Get(ctx, "k"); p.Get(ctx, "k"); return nil }); err != nil {
			t.Error(err)
		}
	}
	do(t.Context())
	if got := conformance.Names(rec.Spans()); len(got) != 0 {
		t.Errorf("without a parent: spans %q", got)
	}
	ctx, _ := conformance.Parent(t.Context())
	do(ctx)
	if got, want := conformance.Names(rec.Spans()), []string{"SET", "PIPELINE GET"}; !slices.Equal(got, want) {
		t.Errorf("below a span: spans %q, want %q", got, want)
	}
	for _, p := range rec.Histogram(t, "db.client.operation.duration") {
		if p.Count != 2 {
			t.Errorf("%v was measured %d times, want 2", p.Attributes.ToSlice(), p.Count)
		}
	}
}
