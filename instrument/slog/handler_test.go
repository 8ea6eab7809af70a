package ttlogslog

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"net"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/slogtest"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/log/noop"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// recorder is an SDK that keeps its records.
type recorder struct {
	mu      sync.Mutex
	records []sdklog.Record
}

func (r *recorder) OnEmit(_ context.Context, rec *sdklog.Record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.records = append(r.records, rec.Clone())
	return nil
}

func (r *recorder) Enabled(context.Context, sdklog.EnabledParameters) bool { return true }
func (r *recorder) Shutdown(context.Context) error                         { return nil }
func (r *recorder) ForceFlush(context.Context) error                       { return nil }

func newRecorder(next slog.Handler, opts ...Option) (*recorder, *slog.Logger) {
	r := &recorder{}
	p := sdklog.NewLoggerProvider(sdklog.WithProcessor(r))
	return r, slog.New(NewHandler(next, append(opts, WithLoggerProvider(p))...))
}

// plain returns a record's attributes as JSON has them.
func plain(kvs []attribute.KeyValue) map[string]any {
	m := make(map[string]any)
	for _, kv := range kvs {
		m[string(kv.Key)] = plainValue(kv.Value)
	}
	return m
}

func plainValue(v attribute.Value) any {
	switch v.Type() {
	case attribute.MAP:
		return plain(v.AsMap())
	case attribute.SLICE:
		list := []any{}
		for _, e := range v.AsSlice() {
			list = append(list, plainValue(e))
		}
		return list
	case attribute.EMPTY:
		return nil
	}
	return v.AsInterface()
}

func attributes(r *sdklog.Record) map[string]any {
	var kvs []attribute.KeyValue
	r.WalkAttributes(func(kv attribute.KeyValue) bool { kvs = append(kvs, kv); return true })
	return plain(kvs)
}

// one logs one attribute and returns what is recorded of it.
func one(t *testing.T, v any) any {
	t.Helper()
	r, l := newRecorder(nil)
	l.Info("m", "before", 1, "k", v, "after", 2)
	if len(r.records) != 1 {
		t.Fatalf("%d records, want 1", len(r.records))
	}
	got := attributes(&r.records[0])
	if got["before"] != int64(1) || got["after"] != int64(2) {
		t.Errorf("%T took away what stands beside it: %v", v, got)
	}
	return got["k"]
}

func TestHandler_Conforms(t *testing.T) {
	var r *recorder
	slogtest.Run(t, func(*testing.T) slog.Handler {
		var l *slog.Logger
		r, l = newRecorder(nil)
		return l.Handler()
	}, func(t *testing.T) map[string]any {
		rec := &r.records[0]
		m := attributes(rec)
		if at := rec.Timestamp(); !at.IsZero() {
			m[slog.TimeKey] = at
		}
		m[slog.LevelKey], m[slog.MessageKey] = rec.SeverityText(), rec.Body().AsString()
		return m
	})
}

// The kinds of values that panic when they are asked for themselves.
type (
	faultyError   struct{ s *string }
	faultyText    struct{ s *string }
	faultyString  struct{ s *string }
	faultyJSON    struct{ s *string }
	faultyValue   struct{ s *string }
	panicsFaulty  struct{}
	endlessValue  struct{}
	manyValues    struct{}
	failingText   struct{}
	namedLevel    int
	withInnerText struct{ Inner fmt.Stringer }
)

func (f *faultyError) Error() string               { return *f.s }
func (f *faultyText) MarshalText() ([]byte, error) { return []byte(*f.s), nil }
func (f *faultyString) String() string             { return *f.s }
func (f *faultyJSON) MarshalJSON() ([]byte, error) { return []byte(*f.s), nil }
func (f *faultyValue) LogValue() slog.Value        { return slog.StringValue(*f.s) }
func (panicsFaulty) String() string                { panic("why") }
func (endlessValue) LogValue() slog.Value          { return slog.AnyValue(endlessValue{}) }
func (failingText) MarshalText() ([]byte, error)   { return nil, &faultyError{} }
func (l namedLevel) String() string                { return fmt.Sprintf("level %d", int(l)) }
func (manyValues) LogValue() slog.Value {
	var attrs []slog.Attr
	for range 8 {
		attrs = append(attrs, slog.Any("", manyValues{}), slog.Any("k", manyValues{}))
	}
	return slog.GroupValue(attrs...)
}

const nilDereference = "!PANIC: runtime error: invalid memory address or nil pointer dereference"

func TestHandler_ValuesThatPanic(t *testing.T) {
	f := func(v, want any) {
		t.Helper()
		if got := one(t, v); !reflect.DeepEqual(got, want) {
			t.Errorf("%T: got %#v, want %#v", v, got, want)
		}
	}
	var path *os.PathError
	f(path, "<nil>")
	for _, v := range []any{(*faultyError)(nil), (*faultyText)(nil), (*faultyString)(nil), (*faultyJSON)(nil), (*faultyValue)(nil)} {
		f(v, "<nil>")
	}
	for _, v := range []any{&faultyError{}, &faultyText{}, &faultyString{}, &faultyJSON{}, &faultyValue{}, struct{ error }{}} {
		f(v, nilDereference)
	}
	f(failingText{}, "!ERROR: "+nilDereference)
	f([]any{1, path, &faultyString{}, "x"}, []any{int64(1), "<nil>", nilDereference, "x"})
	f(map[string]any{"a": path, "b": 1}, map[string]any{"a": "<nil>", "b": int64(1)})
	f(map[fmt.Stringer]int{panicsFaulty{}: 1}, map[string]any{"!PANIC: why": int64(1)})
	f(slog.GroupValue(slog.Any("err", path), slog.Any("v", &faultyValue{}), slog.Int("n", 1)),
		map[string]any{"err": "<nil>", "v": nilDereference, "n": int64(1)})
	f(endlessValue{}, "!LogValue CALLED TOO OFTEN")
	if got, ok := one(t, withInnerText{panicsFaulty{}}).(string); !ok || !strings.Contains(got, "PANIC") {
		t.Errorf("a struct: got %v", got)
	}
}

// TestHandler_ValuesWithoutAnEnd: what refers to itself, and what grows.
func TestHandler_ValuesWithoutAnEnd(t *testing.T) {
	type node struct {
		Next any
		M    map[string]any
	}
	m := map[string]any{}
	m["m"] = m
	list := make([]any, 1)
	list[0] = list
	pointer := new(any)
	*pointer = pointer
	for _, v := range []any{m, list, pointer, node{M: m}, &node{Next: list}, manyValues{}, make([]int, 1<<20)} {
		r, l := newRecorder(nil)
		l.Info("m", "k", v)
		l.With("k", v).WithGroup("g").Info("m", "k", v)
		for i := range r.records {
			text, err := json.Marshal(attributes(&r.records[i]))
			if err != nil || !bytes.Contains(text, []byte("!TOO ")) || len(text) > 4<<20 {
				t.Errorf("%T: %d bytes, %v; want that it was cut", v, len(text), err)
			}
		}
	}
}

func TestHandler_Values(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	n := 7
	for _, c := range []struct{ v, want any }{
		{"s", "s"},
		{true, true},
		{int8(-1), int64(-1)},
		{uint64(math.MaxUint64), "18446744073709551615"},
		{float32(0.5), 0.5},
		{time.Minute, int64(time.Minute)},
		{at, "2026-01-02T03:04:05.000000006Z"},
		{&at, "2026-01-02T03:04:05.000000006Z"},
		{[]byte("b"), []byte("b")},
		{[2]byte{1, 2}, []byte{1, 2}},
		{nil, nil},
		{(*int)(nil), nil},
		{&n, int64(7)},
		{namedLevel(3), "level 3"},
		{net.IPv4(1, 2, 3, 4), "1.2.3.4"},
		{json.RawMessage(`{"a":1}`), `{"a":1}`},
		{[]string{"a", "b"}, []any{"a", "b"}},
		{map[int]bool{2: true, 1: false}, map[string]any{"1": false, "2": true}},
		{struct{ A, b int }{1, 2}, "{A:1 b:2}"},
		{complex(1, 2), "(1+2i)"},
		{attribute.Int64Value(4), int64(4)},
		{[]slog.Attr{slog.Int("a", 1)}, map[string]any{"a": int64(1)}},
		{[]any{slog.IntValue(1), time.Second}, []any{int64(1), int64(time.Second)}},
	} {
		if got := one(t, c.v); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%T %v: got %#v, want %#v", c.v, c.v, got, c.want)
		}
	}
}

func TestHandler_Errors(t *testing.T) {
	missing := &fs.PathError{Op: "open", Path: "/x", Err: fs.ErrNotExist}
	text := "open /x: file does not exist"
	r, l := newRecorder(nil)
	f := func(want map[string]any) {
		t.Helper()
		if got := attributes(&r.records[len(r.records)-1]); !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	l.Error("m", "err", missing)
	f(map[string]any{"err": text, "exception.message": text, "exception.type": "*fs.PathError"})
	l.With("err", missing).WithGroup("g").Error("m", "n", 1)
	f(map[string]any{"err": text, "g": map[string]any{"n": int64(1)}, "exception.message": text, "exception.type": "*fs.PathError"})
	l.WithGroup("g").Error("m", "cause", context.Canceled)
	f(map[string]any{"g": map[string]any{"cause": "context canceled"}, "exception.message": "context canceled", "exception.type": "context.Canceled"})
	l.Error("m", "err", missing, "exception.type", "own", "exception.message", "own")
	f(map[string]any{"err": text, "exception.message": "own", "exception.type": "own"})
	l.Info("done", "err", (*fs.PathError)(nil))
	f(map[string]any{"err": "<nil>"})
}

func TestHandler_TiedToTheSpan(t *testing.T) {
	r, l := newRecorder(nil)
	ctx, span := sdktrace.NewTracerProvider().Tracer("test").Start(t.Context(), "s")
	l.InfoContext(ctx, "m")
	if got := r.records[0].SpanID(); got != span.SpanContext().SpanID() {
		t.Errorf("the record has span %s", got)
	}
}

// failing is a handler whose error the caller is to get.
type failing struct{ slog.Handler }

func (failing) Handle(context.Context, slog.Record) error { return errors.ErrUnsupported }

func TestHandler_HandsOn(t *testing.T) {
	var out bytes.Buffer
	next := slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelWarn, ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}})
	r, l := newRecorder(next)
	l.Info("below the level")
	l.With("a", 1).WithGroup("g").Warn("both", "b", 2)
	if want := "level=WARN msg=both a=1 g.b=2\n"; out.String() != want || len(r.records) != 1 {
		t.Errorf("next got %q, and %d were recorded, want %q and 1", &out, len(r.records), want)
	}
	out.Reset()
	r, l = newRecorder(next, WithLevel(slog.LevelDebug))
	l.Debug("recorded only")
	if out.Len() != 0 || len(r.records) != 1 {
		t.Errorf("a lower level: next got %q, and %d were recorded", &out, len(r.records))
	}
	r, l = newRecorder(next, WithLevel(slog.LevelError))
	l.Warn("handed on only")
	if !strings.Contains(out.String(), "handed on only") || len(r.records) != 0 {
		t.Errorf("a higher level: next got %q, and %d were recorded", &out, len(r.records))
	}
	_, l = newRecorder(failing{next})
	if err := l.Handler().Handle(t.Context(), slog.NewRecord(time.Time{}, slog.LevelError, "m", 0)); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("got %v, want the error of the next handler", err)
	}
}

func TestHandler_Severity(t *testing.T) {
	for level, want := range map[slog.Level]int{
		slog.LevelDebug: 5, slog.LevelInfo: 9, slog.LevelWarn: 13, slog.LevelError: 17, slog.LevelInfo + 1: 10, -100: 1, 100: 24,
	} {
		r, l := newRecorder(nil)
		l.Log(t.Context(), level, "m")
		if got := r.records[0].Severity(); int(got) != want || r.records[0].SeverityText() != level.String() {
			t.Errorf("%s: got severity %d %s, want %d", level, got, r.records[0].SeverityText(), want)
		}
	}
}

// TestHandler_ConcurrentSafe: loggers that With has made share what they have in
// common.
func TestHandler_ConcurrentSafe(t *testing.T) {
	r, l := newRecorder(nil)
	l = l.With("a", 1).WithGroup("g").With("b", 2)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 100 {
				l.Info("m", "c", i)
				l.With("d", i).Info("m", "c", i)
			}
		})
	}
	wg.Wait()
	for i := range r.records {
		g, _ := attributes(&r.records[i])["g"].(map[string]any)
		if d, ok := g["d"]; g["b"] != int64(2) || ok && d != g["c"] {
			t.Fatalf("a record has %v", g)
		}
	}
}

// TestHandler_NoAllocations: a record of few plain attributes is made on the stack.
func TestHandler_NoAllocations(t *testing.T) {
	h := NewHandler(nil, WithLoggerProvider(takesAll{})).WithAttrs([]slog.Attr{slog.String("service", "shop")})
	r := slog.NewRecord(time.Now(), slog.LevelInfo, "order taken", 0)
	r.AddAttrs(slog.String("customer", "c-17"), slog.Int("cents", 350), slog.Bool("first", true), slog.Duration("took", time.Second))
	if n := testing.AllocsPerRun(200, func() { _ = h.Handle(t.Context(), r) }); n > 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

// takesAll is an API implementation that wants every record and keeps none.
type takesAll struct{ noop.LoggerProvider }

func (takesAll) Logger(string, ...log.LoggerOption) log.Logger { return wanting{} }

type wanting struct{ noop.Logger }

func (wanting) Enabled(context.Context, log.EnabledParameters) bool { return true }
