package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/internal/pipeline"
	"github.com/ttlog/ttlog/ringbuffer"
)

var quiet = slog.New(slog.DiscardHandler)

func newRing(t testing.TB, size int) *ringbuffer.Ring {
	t.Helper()
	r, err := ringbuffer.New(size)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func newPipeline(t *testing.T, r *ringbuffer.Ring, o pipeline.Options) *pipeline.Pipeline {
	t.Helper()
	if o.Logger == nil {
		o.Logger = quiet
	}
	if o.RetryInterval == 0 {
		o.RetryInterval, o.MaxRetryInterval = time.Millisecond, 5*time.Millisecond
	}
	p, err := pipeline.New(r, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func start(t *testing.T, p *pipeline.Pipeline) *pipeline.Pipeline {
	t.Helper()
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	return p
}

func drain(t *testing.T, p *pipeline.Pipeline) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := p.Drain(ctx); err != nil {
		t.Fatalf("drain: %v; %+v", err, p.Stats())
	}
}

func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !f(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never happened: %s", what)
		}
	}
}

// producer writes numbered records.
type producer struct {
	t    testing.TB
	ring *ringbuffer.Ring
}

// scope defines resource res and scope name in the catalog.
func (p producer) scope(res, name string) uint32 {
	p.t.Helper()
	rs := ptrace.NewTraces()
	g := rs.ResourceSpans().AppendEmpty()
	g.Resource().Attributes().PutStr("service.name", res)
	g.SetSchemaUrl("res-schema")
	resource := inner(p.t, rs, otlpwire.RequestResource)
	sc := ptrace.NewTraces()
	ss := sc.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty()
	ss.Scope().SetName(name)
	ss.SetSchemaUrl("scope-schema")
	scope := inner(p.t, sc, otlpwire.RequestResource, otlpwire.GroupScopes)
	rid, err := p.ring.Define(otlpwire.KindResource, resource)
	if err != nil {
		p.t.Fatal(err)
	}
	ref := make([]byte, otlpwire.RefSize)
	otlpwire.PutRef(ref, rid)
	sid, err := p.ring.Define(otlpwire.KindScope, append(ref, scope...))
	if err != nil {
		p.t.Fatal(err)
	}
	return sid
}

// inner returns the bytes of the message found by going down the path.
func inner[N ~int32](t testing.TB, td ptrace.Traces, path ...N) []byte {
	t.Helper()
	b, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
	if err != nil {
		t.Fatal(err)
	}
	for _, num := range path {
		for f := otlpwire.Scan(b); f.Next(); {
			if int32(f.Num) == int32(num) {
				b = f.Bytes()
				break
			}
		}
	}
	return b
}

func (p producer) write(kind uint8, payload []byte) error {
	_, err := p.ring.Write(kind, payload)
	return err
}

func (p producer) span(scope uint32, name string) error {
	ref := make([]byte, otlpwire.RefSize)
	otlpwire.PutRef(ref, scope)
	td := ptrace.NewTraces()
	sp := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	sp.SetName(name)
	sp.SetTraceID(pcommon.TraceID{1, 2, 3})
	return p.write(otlpwire.KindSpan, append(ref, inner(p.t, td, otlpwire.RequestResource, otlpwire.GroupScopes, otlpwire.ScopeSpansSpans)...))
}

func (p producer) log(scope uint32, name string) error {
	ref := make([]byte, otlpwire.RefSize)
	otlpwire.PutRef(ref, scope)
	// A LogRecord with a body: field 5, AnyValue with a string in field 1.
	msg := otlpwire.AppendBytes(nil, 5, otlpwire.AppendString(nil, 1, name))
	return p.write(otlpwire.KindLog, append(ref, msg...))
}

// spans builds a whole request.
func spansRequest(t testing.TB, names ...string) []byte {
	t.Helper()
	td := ptrace.NewTraces()
	ss := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty()
	for _, n := range names {
		ss.Spans().AppendEmpty().SetName(n)
	}
	b, err := ptraceotlp.NewExportRequestFromTraces(td).MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (p producer) whole(names ...string) error {
	return p.write(otlpwire.KindTracesRequest, spansRequest(p.t, names...))
}

// must retries while the ring is full.
func must(t testing.TB, f func() error) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(100 * time.Microsecond) {
		err := f()
		if err == nil {
			return
		}
		if !errors.Is(err, ringbuffer.ErrFull) || time.Now().After(end) {
			t.Fatal(err)
		}
	}
}

// names returns the names of the spans, or the bodies of the log records, in
// a request; an error wraps ErrMalformed.
func names(s otlpwire.Signal, request []byte) (out []string, err error) {
	if _, err := otlpwire.Validate(s, request); err != nil {
		return nil, err
	}
	switch s {
	case otlpwire.Traces:
		r := ptraceotlp.NewExportRequest()
		if err := r.UnmarshalProto(request); err != nil {
			return nil, err
		}
		for _, rs := range r.Traces().ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				for _, sp := range ss.Spans().All() {
					out = append(out, sp.Name())
				}
			}
		}
	case otlpwire.Logs:
		r := plogotlp.NewExportRequest()
		if err := r.UnmarshalProto(request); err != nil {
			return nil, err
		}
		for _, rl := range r.Logs().ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, lr := range sl.LogRecords().All() {
					out = append(out, lr.Body().AsString())
				}
			}
		}
	}
	return out, nil
}

// disk is what survives a crash of the fake store: per partition the rows and
// the watermark.
type disk struct {
	rows  map[string][]string
	marks map[string]uint64
}

func newDisk() *disk { return &disk{rows: map[string][]string{}, marks: map[string]uint64{}} }

// fakeStore keeps the contract of storage.Store: partitions (here by signal
// and the last byte of the name) with durable watermarks of their own.
type fakeStore struct {
	mu       sync.Mutex
	disk     *disk
	mem      map[string][]string
	memEnd   map[string]uint64
	low      map[otlpwire.Signal]uint64 // end before the first row in memory
	ends     map[otlpwire.Signal]uint64
	end      uint64
	replayed map[string]uint64
	water    uint64
	fail     func() error // before each Append
	flushes  int
	requests [][]string
	rng      *rand.Rand // flushes some partitions at random
}

func openStore(d *disk) *fakeStore {
	s := &fakeStore{
		disk: d, mem: map[string][]string{}, memEnd: map[string]uint64{},
		low: map[otlpwire.Signal]uint64{}, ends: map[otlpwire.Signal]uint64{}, replayed: map[string]uint64{},
	}
	for k, m := range d.marks {
		s.replayed[k] = m
		s.water = max(s.water, m)
	}
	return s
}

var errOrder = errors.New("ends go backwards within a signal")

func (s *fakeStore) Append(_ context.Context, signal otlpwire.Signal, request []byte, end uint64) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		if err := s.fail(); err != nil {
			return 0, err
		}
	}
	rows, err := names(signal, request)
	if err != nil {
		return 0, err
	}
	if end < s.ends[signal] {
		return 0, errOrder
	}
	s.requests = append(s.requests, rows)
	n := 0
	for _, r := range rows {
		k := fmt.Sprint(signal, r[len(r)-1:])
		if s.replayed[k] >= end {
			continue
		}
		if _, ok := s.low[signal]; !ok {
			s.low[signal] = s.ends[signal]
		}
		s.mem[k] = append(s.mem[k], r)
		s.memEnd[k] = end
		n++
	}
	s.ends[signal] = end
	s.end = max(s.end, end)
	if s.rng != nil {
		for k := range s.mem {
			if s.rng.IntN(20) == 0 {
				s.flushKey(k)
			}
		}
		if s.rng.IntN(30) == 0 {
			s.flushAll()
		}
	}
	return n, nil
}

func (s *fakeStore) flushKey(k string) {
	s.disk.rows[k] = append(s.disk.rows[k], s.mem[k]...)
	s.disk.marks[k] = s.memEnd[k]
	delete(s.mem, k)
}

func (s *fakeStore) flushAll() {
	s.flushes++
	for k := range s.mem {
		s.flushKey(k)
	}
	clear(s.low)
}

func (s *fakeStore) Flush(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flushAll()
	return nil
}

func (s *fakeStore) Durable() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.end
	for _, low := range s.low {
		d = min(d, low)
	}
	return d
}

func (s *fakeStore) Watermark() uint64 { return s.water }

func (s *fakeStore) setFail(f func() error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = f
}

// all returns every row, sorted.
func (s *fakeStore) all() (out []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range []map[string][]string{s.disk.rows, s.mem} {
		for _, rows := range m {
			out = append(out, rows...)
		}
	}
	slices.Sort(out)
	return out
}

// fakeForwarder keeps what it takes, in order.
type fakeForwarder struct {
	mu   sync.Mutex
	fail func(ctx context.Context) error
	got  []string
	sent int
	free func() // ends calls that hang
}

func (f *fakeForwarder) Forward(ctx context.Context, s otlpwire.Signal, payload []byte) error {
	f.mu.Lock()
	fail := f.fail
	f.mu.Unlock()
	if fail != nil {
		if err := fail(ctx); err != nil {
			return err
		}
	}
	rows, err := names(s, payload)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.got = append(f.got, rows...)
	f.sent++
	return nil
}

func (f *fakeForwarder) setFail(fail func(ctx context.Context) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fail = fail
	if f.free != nil {
		f.free()
	}
}

func (f *fakeForwarder) names() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.got)
}

func forwards(f pipeline.Forwarder) []pipeline.NamedForwarder {
	return []pipeline.NamedForwarder{{Name: "collector", Forwarder: f}}
}

// hanging returns a forwarder that hangs until setFail ends it.
func hanging() *fakeForwarder {
	f := &fakeForwarder{}
	f.hang()
	return f
}

// hang makes every call wait for its context or for the next setFail.
func (f *fakeForwarder) hang() {
	freed := make(chan struct{})
	f.setFail(func(ctx context.Context) error {
		select {
		case <-ctx.Done():
		case <-freed:
		}
		return errors.New("connection lost")
	})
	f.mu.Lock()
	defer f.mu.Unlock()
	f.free = sync.OnceFunc(func() { close(freed) })
}

func number(prefix string, i int) string { return fmt.Sprintf("%s%06d", prefix, i) }

func sameRows(t *testing.T, got, want []string) {
	t.Helper()
	got, want = slices.Clone(got), slices.Clone(want)
	slices.Sort(got)
	slices.Sort(want)
	if slices.Equal(got, want) {
		return
	}
	t.Fatalf("got %d rows (%d distinct), want %d (%d distinct)", len(got), len(slices.Compact(slices.Clone(got))), len(want), len(slices.Compact(slices.Clone(want))))
}
