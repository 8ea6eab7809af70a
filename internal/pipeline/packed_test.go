package pipeline_test

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/internal/pipeline"
	"github.com/ttlog/ttlog/internal/ringpack"
	"github.com/ttlog/ttlog/ringbuffer"
)

// openRing opens a ring in a file, where requests are compressed.
func openRing(t *testing.T, path string, size int64) *ringbuffer.Ring {
	t.Helper()
	r, err := ringbuffer.Open(path, ringbuffer.Options{Size: size, SyncInterval: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// packed writes a request of 50 spans compressed, and returns their names.
func (p producer) packed(w *ringpack.Writer, i int) (written []string) {
	p.t.Helper()
	for j := range 50 {
		written = append(written, number("packed", 50*i+j))
	}
	request := spansRequest(p.t, written...)
	before := p.ring.Stats().Head
	end, err := w.Write(otlpwire.Traces, request, 10*time.Second, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	if end-before >= uint64(len(request)) {
		p.t.Fatal("the request was written as it is")
	}
	return written
}

// TestSinks_UnpackRequests: the store and a collector get what was written,
// whether a batch holds many compressed requests or one.
func TestSinks_UnpackRequests(t *testing.T) {
	ring := openRing(t, filepath.Join(t.TempDir(), "ring"), 1<<20)
	store, f := openStore(newDisk()), &fakeForwarder{}
	p := newPipeline(t, ring, pipeline.Options{Store: store, Forwarders: forwards(f)})
	w, z := producer{t, ring}, ringpack.NewWriter(ring)
	scope := w.scope("a", "x")
	var want []string
	for i := range 100 {
		want = append(want, w.packed(z, i)...)
		want = append(want, number("span", i))
		must(t, func() error { return w.span(scope, number("span", i)) })
		if i == 50 {
			start(t, p)
		}
	}
	// What passes for a request and cannot be unpacked is counted.
	must(t, func() error { return w.write(otlpwire.KindTracesZstd, []byte("no frame")) })
	want = append(want, w.packed(z, 100)...)
	drain(t, p)
	sameRows(t, store.all(), want)
	sameRows(t, f.names(), want)
	for _, st := range p.Stats().Sinks {
		if st.Unknown != 1 || st.Lag != 0 {
			t.Errorf("%s: %d records not understood, %d bytes behind; want 1 and 0", st.Name, st.Unknown, st.Lag)
		}
	}
}

// TestPending_UnpacksRequests of a ring that its store has yet to read.
func TestPending_UnpacksRequests(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ring")
	ring := openRing(t, path, 1<<20)
	newPipeline(t, ring, pipeline.Options{Store: openStore(newDisk())})
	w, z := producer{t, ring}, ringpack.NewWriter(ring)
	want := w.packed(z, 0)
	must(t, func() error { return w.whole("plain") })
	must(t, func() error { return w.write(otlpwire.KindLogsZstd, []byte("no frame")) })
	snap, err := ringbuffer.OpenSnapshot(path)
	if err != nil {
		t.Fatal(err)
	}
	defer snap.Close()
	for name, read := range map[string]func(*ringbuffer.Snapshot) ([]pipeline.Request, error){"pending": pipeline.Pending, "retained": pipeline.Retained} {
		requests, err := read(snap)
		if err != nil || len(requests) != 3 {
			t.Fatalf("%s: %d requests, %v, want 3", name, len(requests), err)
		}
		var got []string
		for _, r := range requests {
			payload, err := r.Payload()
			if (err != nil) != (r.Signal == otlpwire.Logs) {
				t.Errorf("%s: a request of %s: %v", name, r.Signal, err)
			}
			if err != nil {
				continue
			}
			spans, err := names(r.Signal, payload)
			if err != nil {
				t.Error(err)
			}
			got = append(got, spans...)
		}
		if !slices.Equal(got, append(slices.Clip(want), "plain")) {
			t.Errorf("%s: %d spans, want %d", name, len(got), len(want)+1)
		}
	}
}
