package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/internal/pipeline"
)

func TestStore_GetsEveryRecordAndTheRingIsReleased(t *testing.T) {
	ring := newRing(t, 256<<10)
	store := openStore(newDisk())
	p := start(t, newPipeline(t, ring, pipeline.Options{Store: store}))
	w := producer{t, ring}
	scopes := []uint32{w.scope("a", "x"), w.scope("a", "y"), w.scope("b", "x")}
	var want []string
	for i := range 5000 { // several times the size of the ring: space must come back
		name := number("n", i)
		switch i % 4 {
		case 0:
			must(t, func() error { return w.log(scopes[i%3], name) })
		case 1:
			must(t, func() error { return w.whole(name, name+"w") })
			want = append(want, name+"w")
		default:
			must(t, func() error { return w.span(scopes[i%3], name) })
		}
		want = append(want, name)
	}
	drain(t, p)
	sameRows(t, store.all(), want)
	if st := ring.Stats(); st.Used != 0 {
		t.Errorf("%d bytes of the ring are still held", st.Used)
	}
	if st := p.Stats().Sinks[0]; st.Name != "store" || st.Lag != 0 || st.Rows != uint64(len(want)) || st.Requests == 0 {
		t.Errorf("stats: %+v", st)
	}
}

func TestStore_BatchesBecomeOneRequestPerSignal(t *testing.T) {
	ring := newRing(t, 1<<20)
	store := openStore(newDisk())
	p := newPipeline(t, ring, pipeline.Options{Store: store})
	w := producer{t, ring}
	a := w.scope("a", "x")
	for i := range 100 {
		must(t, func() error { return w.span(a, number("s", i)) })
		must(t, func() error { return w.log(a, number("l", i)) })
	}
	start(t, p)
	drain(t, p)
	if len(store.requests) != 2 || len(store.requests[0]) != 100 || len(store.requests[1]) != 100 {
		t.Errorf("got %d requests, want one of 100 spans and one of 100 log records", len(store.requests))
	}
}

// A crash is played by closing the pipeline wherever it is and opening the
// fake store again with what it had flushed.
func TestStore_ExactlyOnceAcrossCrashes(t *testing.T) {
	for seed := range uint64(15) {
		rng := rand.New(rand.NewPCG(seed, 1))
		ring := newRing(t, 512<<10)
		w := producer{t, ring}
		scopes := []uint32{w.scope("a", "x"), w.scope("b", "y")}
		d := newDisk()
		var want []string
		n := 0
		for range 12 {
			store := openStore(d)
			store.rng = rand.New(rand.NewPCG(seed, rng.Uint64()))
			p := newPipeline(t, ring, pipeline.Options{Store: store, BatchRecords: 1 + rng.IntN(20), Linger: -1})
			if err := p.Start(); err != nil {
				t.Fatal(err)
			}
			for range rng.IntN(300) {
				n++
				name := number("", n)
				switch rng.IntN(5) {
				case 0:
					name = "w" + name
					must(t, func() error { return w.whole(name, "v"+name) })
					want = append(want, "v"+name)
				case 1:
					must(t, func() error { return w.log(scopes[n%2], name) })
				default:
					must(t, func() error { return w.span(scopes[n%2], name) })
				}
				want = append(want, name)
			}
			time.Sleep(time.Duration(rng.IntN(3000)) * time.Microsecond)
			if err := p.Close(); err != nil {
				t.Fatal(err)
			}
		}
		store := openStore(d)
		p := start(t, newPipeline(t, ring, pipeline.Options{Store: store}))
		drain(t, p)
		sameRows(t, store.all(), want)
	}
}

func TestStore_PoisonRecordCostsItselfOnly(t *testing.T) {
	ring := newRing(t, 1<<20)
	store := openStore(newDisk())
	p := newPipeline(t, ring, pipeline.Options{Store: store})
	w := producer{t, ring}
	a := w.scope("a", "x")
	var want []string
	for i := range 1000 {
		if i%333 == 7 {
			bad := make([]byte, 4, 8)
			otlpwire.PutRef(bad, a)
			must(t, func() error { return w.write(otlpwire.KindSpan, append(bad, 0x0a, 0xff, 0x01)) })
			must(t, func() error { return w.write(otlpwire.KindTracesRequest, []byte{0xff}) })
			continue
		}
		want = append(want, number("s", i))
		must(t, func() error { return w.span(a, number("s", i)) })
	}
	start(t, p)
	drain(t, p)
	sameRows(t, store.all(), want)
	if st := p.Stats().Sinks[0]; st.Malformed != 6 {
		t.Errorf("malformed: got %d, want 6", st.Malformed)
	}
}

func TestStore_ErrorsAreTriedAgain(t *testing.T) {
	ring := newRing(t, 1<<20)
	store := openStore(newDisk())
	fails := 0
	store.fail = func() error {
		if fails++; fails%4 != 0 {
			return errors.New("disk full")
		}
		return nil
	}
	p := start(t, newPipeline(t, ring, pipeline.Options{Store: store, BatchRecords: 3}))
	w := producer{t, ring}
	a := w.scope("a", "x")
	var want []string
	for i := range 30 {
		want = append(want, number("s", i))
		must(t, func() error { return w.span(a, want[i]) })
	}
	drain(t, p)
	sameRows(t, store.all(), want)
	if st := p.Stats().Sinks[0]; st.Failures < 30 || st.LastError != "disk full" || st.LastErrorTime.IsZero() {
		t.Errorf("stats: %+v", st)
	}
}

func TestStore_UnknownRecordsAreSteppedOver(t *testing.T) {
	ring := newRing(t, 4096)
	store := openStore(newDisk())
	p := start(t, newPipeline(t, ring, pipeline.Options{Store: store}))
	w := producer{t, ring}
	a := w.scope("a", "x")
	resource := make([]byte, 4)
	otlpwire.PutRef(resource, 1) // an id, but not of a scope
	for range 100 {              // more than the ring holds
		must(t, func() error { return w.write(20, []byte("of a later version")) })
		must(t, func() error { return w.span(a+77, "lost") })
		must(t, func() error { return w.write(otlpwire.KindLog, resource) })
		must(t, func() error { return w.write(otlpwire.KindSpan, []byte{1}) })
	}
	must(t, func() error { return w.span(a, "kept") })
	drain(t, p)
	sameRows(t, store.all(), []string{"kept"})
	if st := p.Stats().Sinks[0]; st.Unknown != 400 {
		t.Errorf("unknown: got %d, want 400", st.Unknown)
	}
}

func TestDrain_EndsWithItsContext(t *testing.T) {
	ring := newRing(t, 1<<20)
	store := openStore(newDisk())
	store.setFail(func() error { return errors.New("no") })
	p := start(t, newPipeline(t, ring, pipeline.Options{Store: store}))
	must(t, func() error { return producer{t, ring}.whole("x") })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := p.Drain(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	store.setFail(nil)
	drain(t, p)
}

func TestPipeline_Misuse(t *testing.T) {
	ring := newRing(t, 4096)
	for _, name := range []string{"", "..", "a/b", "x y", fmt.Sprintf("%041d", 1)} {
		if _, err := pipeline.New(ring, pipeline.Options{Forwarders: []pipeline.NamedForwarder{{Name: name, Forwarder: &fakeForwarder{}}}}); err == nil {
			t.Errorf("forwarder name %q is taken", name)
		}
	}
	if _, err := pipeline.New(ring, pipeline.Options{Forwarders: append(forwards(&fakeForwarder{}), forwards(&fakeForwarder{})...)}); err == nil {
		t.Error("the same name twice is taken")
	}
	p := start(t, newPipeline(t, ring, pipeline.Options{}))
	if err := p.Start(); err == nil {
		t.Error("started twice")
	}
	if err := errors.Join(p.Close(), p.Close()); err != nil {
		t.Error(err)
	}
	if err := p.Start(); !errors.Is(err, pipeline.ErrClosed) {
		t.Errorf("start after close: %v", err)
	}
}

// TestReplayed is false until the store was given what the ring held at the
// start, and stays true.
func TestReplayed(t *testing.T) {
	ring := newRing(t, 1<<20)
	w := producer{t, ring}
	for i := range 10 {
		must(t, func() error { return w.whole(number("s", i)) })
	}
	s := openStore(newDisk())
	var blocked atomic.Bool
	blocked.Store(true)
	s.fail = func() error {
		if blocked.Load() {
			return errors.New("not now")
		}
		return nil
	}
	p := newPipeline(t, ring, pipeline.Options{Store: s})
	if p.Replayed() {
		t.Error("replayed before the start")
	}
	start(t, p)
	eventually(t, "attempts", func() bool { return p.Stats().Sinks[0].Failures > 3 })
	if p.Replayed() {
		t.Error("replayed while the store takes nothing")
	}
	blocked.Store(false)
	eventually(t, "replayed", p.Replayed)
	blocked.Store(true)
	must(t, func() error { return w.whole("later") })
	time.Sleep(20 * time.Millisecond)
	if !p.Replayed() {
		t.Error("what comes later is no replay")
	}

	empty := newPipeline(t, newRing(t, 1<<20), pipeline.Options{Store: openStore(newDisk())})
	start(t, empty)
	eventually(t, "an empty ring is replayed", empty.Replayed)
}
