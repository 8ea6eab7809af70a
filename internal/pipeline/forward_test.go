package pipeline_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/internal/pipeline"
)

type refused struct{}

func (refused) Error() string   { return "no such thing" }
func (refused) Permanent() bool { return true }

// divisibleError is the refusal of a request that is too large or has something in it
// that the collector does not take.
type divisibleError struct{ refused }

func (divisibleError) Divisible() bool { return true }

type forwardFunc func(ctx context.Context, s otlpwire.Signal, payload []byte) error

func (f forwardFunc) Forward(ctx context.Context, s otlpwire.Signal, payload []byte) error {
	return f(ctx, s, payload)
}

func TestForward_RequestsKeepTheirGroups(t *testing.T) {
	ring := newRing(t, 1<<20)
	var payloads [][]byte
	p := newPipeline(t, ring, pipeline.Options{Forwarders: forwards(forwardFunc(func(_ context.Context, _ otlpwire.Signal, b []byte) error {
		payloads = append(payloads, slices.Clone(b))
		return nil
	}))})
	w := producer{t, ring}
	scopes := []uint32{w.scope("a", "x"), w.scope("a", "y"), w.scope("b", "x")}
	for i := range 9 {
		must(t, func() error { return w.span(scopes[i%3], number("", i)) })
	}
	whole := spansRequest(t, "whole")
	must(t, func() error { return w.write(otlpwire.KindTracesRequest, whole) })
	must(t, func() error { return w.span(scopes[0], "last") })
	start(t, p)
	drain(t, p)
	if len(payloads) != 3 || !slices.Equal(payloads[1], whole) {
		t.Fatalf("got %d requests, want three, the second as it was written", len(payloads))
	}
	r := ptraceotlp.NewExportRequest()
	if err := r.UnmarshalProto(payloads[0]); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, rs := range r.Traces().ResourceSpans().All() {
		service, _ := rs.Resource().Attributes().Get("service.name")
		for _, ss := range rs.ScopeSpans().All() {
			line := service.Str() + rs.SchemaUrl() + ss.Scope().Name() + ss.SchemaUrl()
			for _, sp := range ss.Spans().All() {
				line += " " + sp.Name()[5:]
			}
			got = append(got, line)
		}
	}
	want := []string{"ares-schemaxscope-schema 0 3 6", "ares-schemayscope-schema 1 4 7", "bres-schemaxscope-schema 2 5 8"}
	if r.Traces().ResourceSpans().Len() != 2 || !slices.Equal(got, want) {
		t.Errorf("got %q in %d resources, want %q", got, r.Traces().ResourceSpans().Len(), want)
	}
}

func TestForward_RetriesInOrderAndDropsWhatIsRefused(t *testing.T) {
	ring := newRing(t, 1<<20)
	f := &fakeForwarder{}
	calls := 0
	f.fail = func(context.Context) error {
		calls++
		switch {
		case calls%3 == 0:
			return nil
		case calls == 7:
			return refused{}
		}
		return errors.New("unavailable")
	}
	p := start(t, newPipeline(t, ring, pipeline.Options{Forwarders: forwards(f), BatchRecords: 1}))
	w := producer{t, ring}
	var want []string
	for i := range 10 {
		if i != 2 { // the third request meets the seventh call
			want = append(want, number("s", i))
		}
		must(t, func() error { return w.whole(number("s", i)) })
	}
	drain(t, p)
	if got := f.names(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if st := p.Stats().Sinks[0]; st.DroppedRecords != 1 || st.DroppedRequests != 1 || st.Requests != 9 {
		t.Errorf("stats: %+v", st)
	}
}

// TestForward_WhatIsRefusedIsSentInParts: a collector that takes no large
// request, or not one of the records, gets all the others.
func TestForward_WhatIsRefusedIsSentInParts(t *testing.T) {
	const n = 2000
	f := func(name string, bad func(rows []string) bool, dropped uint64, maxCalls int) {
		t.Run(name, func(t *testing.T) {
			ring := newRing(t, 1<<20)
			var got []string
			calls := 0
			p := newPipeline(t, ring, pipeline.Options{Forwarders: forwards(forwardFunc(func(_ context.Context, s otlpwire.Signal, b []byte) error {
				calls++
				rows, err := names(s, b)
				if err != nil || bad(rows) {
					return divisibleError{}
				}
				got = append(got, rows...)
				return nil
			}))})
			w := producer{t, ring}
			scopes := []uint32{w.scope("a", "x"), w.scope("b", "y")}
			var want []string
			for i := range n {
				row := number("s", i)
				if !bad([]string{row}) {
					want = append(want, row)
				}
				must(t, func() error { return w.span(scopes[i*2/n], row) })
			}
			start(t, p)
			drain(t, p)
			if !slices.Equal(got, want) {
				t.Errorf("%d rows arrived, want %d in order", len(got), len(want))
			}
			if st := p.Stats().Sinks[0]; st.DroppedRecords != dropped || calls > maxCalls {
				t.Errorf("%d dropped, %d calls; want %d, at most %d", st.DroppedRecords, calls, dropped, maxCalls)
			}
		})
	}
	f("large", func(rows []string) bool { return len(rows) > 100 }, 0, 100)
	f("one record", func(rows []string) bool { return slices.Contains(rows, number("s", 1234)) }, 1, 30)
	// Every hundredth: more than the parts that may be refused in a row.
	f("twenty records", func(rows []string) bool {
		return slices.ContainsFunc(rows, func(row string) bool { return strings.HasSuffix(row, "50") })
	}, 20, 500)
	f("everything", func([]string) bool { return true }, n, 70)
}

// TestForward_PartsThatAreNotSmaller: a request that is a resource above all is
// not sent dozens of times, nor held, because a collector refuses each part.
func TestForward_PartsThatAreNotSmaller(t *testing.T) {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("large", strings.Repeat("x", 2<<20))
	const n = 1000
	spans := rs.ScopeSpans().AppendEmpty().Spans()
	for range n {
		spans.AppendEmpty()
	}
	request, err := ptraceotlp.NewExportRequestFromTraces(td).MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	ring := newRing(t, 16<<20)
	sent := 0
	p := newPipeline(t, ring, pipeline.Options{Forwarders: forwards(forwardFunc(func(_ context.Context, _ otlpwire.Signal, b []byte) error {
		sent += len(b)
		return divisibleError{}
	}))})
	must(t, func() error { return producer{t, ring}.write(otlpwire.KindTracesRequest, request) })
	start(t, p)
	drain(t, p)
	if st := p.Stats().Sinks[0]; st.DroppedRecords != n || sent > 12*len(request) {
		t.Errorf("%d dropped, want %d; %d bytes sent of a request of %d", st.DroppedRecords, n, sent, len(request))
	}
}

// inOrder checks that every name was delivered, and for the first time in order.
func inOrder(t *testing.T, got, want []string) {
	t.Helper()
	seen := make(map[string]bool)
	var first []string
	for _, n := range got {
		if !seen[n] {
			seen[n] = true
			first = append(first, n)
		}
	}
	if !slices.Equal(first, want) {
		t.Fatalf("%d arrived (%d distinct), want %d in order", len(got), len(first), len(want))
	}
}

func TestForward_DeadCollectorHoldsUpNobody(t *testing.T) {
	for _, name := range []string{"hangs", "refuses"} {
		t.Run(name, func(t *testing.T) {
			ring := newRing(t, 64<<10)
			dir := t.TempDir()
			f := hanging()
			if name == "refuses" {
				f.setFail(func(context.Context) error { return errors.New("connection refused") })
			}
			d := newDisk()
			store := openStore(d)
			o := pipeline.Options{Store: store, Forwarders: forwards(f), SpillDir: dir, BatchBytes: 4 << 10}
			p := start(t, newPipeline(t, ring, o))
			w := producer{t, ring}
			a := w.scope("a", "x")
			var want []string
			write := func(n int) {
				for range n {
					want = append(want, number("s", len(want)))
					must(t, func() error { return w.span(a, want[len(want)-1]) })
				}
			}
			write(5000) // some ten times the ring
			eventually(t, "the store has everything", func() bool { return len(store.all()) == len(want) })
			if st := p.Stats().Sinks[1]; st.Spill.Records == 0 || st.Lag > 64<<10 || st.DroppedRecords+st.Spill.Outgrown.Records.Sum() != 0 ||
				time.Since(st.Spill.Since) > time.Hour || !st.LastSuccess.IsZero() {
				t.Errorf("stats: %+v", st)
			}
			// The process dies, comes back, and the collector is still away.
			if err := p.Close(); err != nil {
				t.Fatal(err)
			}
			o.Store = openStore(d)
			p = start(t, newPipeline(t, ring, o))
			write(1000)
			f.setFail(nil)
			write(1000)
			drain(t, p)
			inOrder(t, f.names(), want)
			if st := p.Stats().Sinks[1]; st.Spill.Bytes != 0 || st.Lag != 0 || !st.Spill.Since.IsZero() || time.Since(st.LastSuccess) > time.Hour {
				t.Errorf("stats: %+v", st)
			}
			// Directly again, not through the disk.
			write(10)
			drain(t, p)
			inOrder(t, f.names(), want)
		})
	}
}

func TestForward_SpillDropsOldestAtItsLimit(t *testing.T) {
	ring := newRing(t, 64<<10)
	f := hanging()
	o := pipeline.Options{Forwarders: forwards(f), SpillDir: t.TempDir(), SpillLimit: 100 << 10, BatchBytes: 4 << 10}
	p := start(t, newPipeline(t, ring, o))
	w := producer{t, ring}
	a := w.scope("a", "x")
	var want []string
	for i := range 10_000 {
		want = append(want, number("s", i))
		must(t, func() error { return w.span(a, want[i]) })
	}
	eventually(t, "drops", func() bool { return p.Stats().Sinks[0].Spill.Outgrown.Records.Sum() > 0 })
	eventually(t, "the drops are told of", func() bool { return strings.Contains(p.Stats().Sinks[0].LastError, "limit") })
	f.setFail(nil)
	if err := p.Close(); err != nil { // ends the call that hangs
		t.Fatal(err)
	}
	dropped := int(p.Stats().Sinks[0].Spill.Outgrown.Records.Sum())
	p = start(t, newPipeline(t, ring, o))
	drain(t, p)
	dropped += int(p.Stats().Sinks[0].Spill.Outgrown.Records.Sum())
	got := f.names()
	inOrder(t, got, want[dropped:])
	if len(got) < 500 {
		t.Errorf("%d of %d were kept", len(got), len(want))
	}
}

func TestForward_WithoutSpillTheOldestIsDroppedAndCounted(t *testing.T) {
	ring := newRing(t, 32<<10)
	f := hanging()
	p := start(t, newPipeline(t, ring, pipeline.Options{Forwarders: forwards(f), BatchBytes: 2 << 10}))
	w := producer{t, ring}
	a := w.scope("a", "x")
	const n = 3000
	for i := range n {
		must(t, func() error { return w.span(a, number("s", i)) })
	}
	f.setFail(nil)
	for i := range n {
		must(t, func() error { return w.span(a, number("s", n+i)) })
	}
	// One request may still hang; more traffic than half a ring moves it.
	drain(t, p)
	st := p.Stats().Sinks[0]
	got := f.names()
	if st.DroppedRecords == 0 || int(st.DroppedRecords)+len(got) != 2*n {
		t.Errorf("%d arrived, %d dropped, want %d together", len(got), st.DroppedRecords, 2*n)
	}
}

// TestForward_WhatIsGivenUpInPartsIsCountedOnce: of a request that the collector
// took a part of, refused a part of, and then hangs at, the rest makes room.
func TestForward_WhatIsGivenUpInPartsIsCountedOnce(t *testing.T) {
	ring := newRing(t, 32<<10)
	var mu sync.Mutex
	var got []string
	away := true
	p := start(t, newPipeline(t, ring, pipeline.Options{BatchBytes: 2 << 10, Forwarders: forwards(forwardFunc(func(_ context.Context, s otlpwire.Signal, b []byte) error {
		mu.Lock()
		defer mu.Unlock()
		rows, err := names(s, b)
		switch {
		case err != nil:
			return err
		case len(rows) > 8 || slices.Contains(rows, number("s", 0)):
			return divisibleError{}
		case away && len(got) > 0:
			return errors.New("connection lost")
		}
		got = append(got, rows...)
		return nil
	}))}))
	w := producer{t, ring}
	a := w.scope("a", "x")
	const n = 3000
	for i := range n {
		must(t, func() error { return w.span(a, number("s", i)) })
	}
	mu.Lock()
	away = false
	mu.Unlock()
	drain(t, p)
	mu.Lock()
	defer mu.Unlock()
	st := p.Stats().Sinks[0]
	if st.DroppedRecords < 2 || int(st.DroppedRecords)+len(got) != n {
		t.Errorf("%d arrived, %d dropped, want %d together", len(got), st.DroppedRecords, n)
	}
}

func TestForward_ReadersOfFormerForwardersAreRemoved(t *testing.T) {
	ring := newRing(t, 64<<10)
	dir := t.TempDir()
	p := newPipeline(t, ring, pipeline.Options{Store: openStore(newDisk()), Forwarders: forwards(&fakeForwarder{}), SpillDir: dir})
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	rd, err := ring.Reader("of-somebody-else")
	if err != nil {
		t.Fatal(err)
	}
	defer rd.Close()
	newPipeline(t, ring, pipeline.Options{SpillDir: dir})
	if got := ring.ReaderNames(); !slices.Equal(got, []string{"of-somebody-else"}) {
		t.Errorf("readers left: %v", got)
	}
	if _, err := os.Stat(filepath.Join(dir, "spill-collector")); err != nil {
		t.Errorf("the queue's directory is gone: %v", err)
	}
}

// What a ring in memory still holds at Close goes to the queue.
func TestForward_CloseRescuesARingInMemory(t *testing.T) {
	dir := t.TempDir()
	f := hanging()
	ring := newRing(t, 64<<10)
	w := producer{t, ring}
	a := w.scope("a", "x")
	p := start(t, newPipeline(t, ring, pipeline.Options{Forwarders: forwards(f), SpillDir: dir}))
	var want []string
	for i := range 50 {
		want = append(want, number("s", i))
		must(t, func() error { return w.span(a, want[i]) })
	}
	time.Sleep(10 * time.Millisecond) // some are on their way, some not
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	f.setFail(nil)
	p = start(t, newPipeline(t, newRing(t, 64<<10), pipeline.Options{Forwarders: forwards(f), SpillDir: dir}))
	drain(t, p)
	inOrder(t, f.names(), want)
}

// A disk that takes nothing any more costs nothing when the collector comes
// back before the ring is full.
func TestForward_DiskFailsWhileTheCollectorIsAway(t *testing.T) {
	ring := newRing(t, 64<<10)
	dir := t.TempDir()
	f := hanging()
	p := start(t, newPipeline(t, ring, pipeline.Options{
		Forwarders: forwards(f), SpillDir: dir, SpillLimit: 80 << 10, BatchBytes: 2 << 10, ForwardLinger: -1,
	}))
	w := producer{t, ring}
	a := w.scope("a", "x")
	var want []string
	// write stays below three quarters of the ring, where what has no room
	// elsewhere is dropped.
	write := func() {
		if ring.Stats().Used > 40<<10 {
			time.Sleep(time.Millisecond)
			return
		}
		want = append(want, number("s", len(want)))
		must(t, func() error { return w.span(a, want[len(want)-1]) })
	}
	for p.Stats().Sinks[0].Spill.Frames == 0 {
		write()
	}
	// No segment can be made any more: a file is where the directory was.
	queue := filepath.Join(dir, "spill-collector")
	if err := os.Rename(queue, queue+"-away"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(queue, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for p.Stats().Sinks[0].Failures == 0 {
		write()
	}
	f.setFail(nil)
	drain(t, p)
	inOrder(t, f.names(), want)
	if st := p.Stats().Sinks[0]; st.DroppedRecords+st.Spill.Outgrown.Records.Sum() != 0 {
		t.Errorf("stats: %+v", st)
	}
}

// noSync makes the first segment of the collector's queue a file that takes
// everything, keeps nothing, and fails to be synced.
func noSync(t *testing.T, spillDir string) {
	t.Helper()
	if info, err := os.Stat(os.DevNull); err != nil || info.Mode()&os.ModeDevice == 0 {
		t.Skip("this system has no such file")
	}
	if err := os.Symlink(os.DevNull, filepath.Join(spillDir, "spill-collector", "0000000000000000.seg")); err != nil {
		t.Fatal(err)
	}
}

// With Durable the ring keeps what the disk has not confirmed.
func TestForward_DurableKeepsWhatTheSpillCouldNotSync(t *testing.T) {
	ring := newRing(t, 64<<10)
	dir := t.TempDir()
	f := hanging()
	p := newPipeline(t, ring, pipeline.Options{Forwarders: forwards(f), SpillDir: dir, BatchBytes: 4 << 10, Durable: true})
	noSync(t, dir)
	start(t, p)
	w := producer{t, ring}
	a := w.scope("a", "x")
	var want []string
	for range 2000 {
		want = append(want, number("s", len(want)))
		must(t, func() error { return w.span(a, want[len(want)-1]) })
	}
	eventually(t, "a sync fails", func() bool { return p.Stats().Sinks[0].Spill.SyncErrors > 0 })
	f.setFail(nil)
	drain(t, p)
	inOrder(t, f.names(), want)
	if st := p.Stats().Sinks[0]; st.DroppedRecords+st.Spill.Outgrown.Records.Sum() != 0 {
		t.Errorf("stats: %+v", st)
	}
}

// Without Durable the queue is synced a moment later, also when nothing more
// comes.
func TestForward_SpillIsSyncedWhenTrafficEnds(t *testing.T) {
	ring := newRing(t, 64<<10)
	dir := t.TempDir()
	f := hanging()
	p := newPipeline(t, ring, pipeline.Options{Forwarders: forwards(f), SpillDir: dir, BatchBytes: 4 << 10})
	noSync(t, dir)
	start(t, p)
	w := producer{t, ring}
	a := w.scope("a", "x")
	for p.Stats().Sinks[0].Spill.Frames == 0 {
		must(t, func() error { return w.span(a, "s") })
	}
	eventually(t, "a sync", func() bool { return p.Stats().Sinks[0].Spill.SyncErrors > 0 })
}

// A sink that panics costs neither the process nor the other sinks anything:
// the store is tried again, a collector's client gives up that one request.
func TestPipeline_PanicOfASink(t *testing.T) {
	ring := newRing(t, 1<<20)
	store := openStore(newDisk())
	appends := 0
	store.fail = func() error {
		if appends++; appends%3 == 1 {
			panic("store")
		}
		return nil
	}
	bad := &fakeForwarder{}
	calls := 0
	bad.fail = func(context.Context) error {
		if calls++; calls == 3 {
			panic("client")
		}
		return nil
	}
	good := &fakeForwarder{}
	p := start(t, newPipeline(t, ring, pipeline.Options{
		Store: store, BatchRecords: 1,
		Forwarders: []pipeline.NamedForwarder{{Name: "bad", Forwarder: bad}, {Name: "good", Forwarder: good}},
	}))
	w := producer{t, ring}
	var want []string
	for i := range 10 {
		want = append(want, number("s", i))
		must(t, func() error { return w.whole(want[i]) })
	}
	drain(t, p)
	sameRows(t, store.all(), want)
	inOrder(t, good.names(), want)
	inOrder(t, bad.names(), slices.Delete(slices.Clone(want), 2, 3))
	st := p.Stats()
	if !strings.Contains(st.Sinks[0].LastError, "panic: store") || st.Sinks[1].DroppedRecords != 1 || !strings.Contains(st.Sinks[1].LastError, "panic: client") {
		t.Errorf("stats: %+v", st)
	}
}

// The largest record finds room beside a collector that is away wherever the
// ring stands: here the padding before it is as large as it gets.
func TestForward_LargestRecordFindsRoom(t *testing.T) {
	ring := newRing(t, 64<<10)
	var away atomic.Bool
	f := forwardFunc(func(context.Context, otlpwire.Signal, []byte) error {
		if away.Load() {
			return errors.New("unavailable")
		}
		return nil
	})
	p := start(t, newPipeline(t, ring, pipeline.Options{Forwarders: forwards(f), SpillDir: t.TempDir(), ForwardLinger: -1}))
	w := producer{t, ring}
	write := func(slot int) { // of so many bytes with its header
		must(t, func() error { return w.write(otlpwire.KindTracesRequest, make([]byte, slot-16)) })
	}
	largest := ring.MaxRecord() + 16
	write(16376)
	drain(t, p)
	away.Store(true)
	write(16384)
	write(16384) // half of the ring lags; 8 bytes too few are left before its end
	if st := ring.Stats(); st.Used != 32<<10 || st.Size-st.Head != uint64(largest)-8 {
		t.Fatalf("not what is to be tested: %+v", st)
	}
	write(largest)
	away.Store(false)
	drain(t, p)
}

// TestForward_SaysSinceWhenItHoldsARequest: who looks can tell a collector that
// hangs from one that is never asked.
func TestForward_SaysSinceWhenItHoldsARequest(t *testing.T) {
	ring := newRing(t, 1<<20)
	f := hanging()
	p := start(t, newPipeline(t, ring, pipeline.Options{Forwarders: forwards(f)}))
	held := func() time.Time { return p.Stats().Sinks[0].HeldSince }
	if !held().IsZero() {
		t.Errorf("holds nothing since %s", held())
	}
	before := time.Now()
	must(t, func() error { return producer{t, ring}.whole("one") })
	eventually(t, "a request is held", func() bool { return !held().IsZero() })
	first := held()
	time.Sleep(20 * time.Millisecond)
	if first.Before(before) || !held().Equal(first) {
		t.Errorf("held since %s, then since %s; written after %s", first, held(), before)
	}
}
