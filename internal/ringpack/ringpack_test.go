package ringpack_test

import (
	"bytes"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/internal/ringpack"
	"github.com/ttlog/ttlog/ringbuffer"
)

// rig is a ring with a writer and a reader.
type rig struct {
	t    *testing.T
	ring *ringbuffer.Ring
	w    *ringpack.Writer
	rd   *ringbuffer.Reader
}

func newRig(t *testing.T, ring *ringbuffer.Ring, err error) rig {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := ring.Close(); err != nil {
			t.Error(err)
		}
	})
	rd, err := ring.Reader("test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(rd.Close)
	return rig{t, ring, ringpack.NewWriter(ring), rd}
}

func inFile(t *testing.T) rig {
	t.Helper()
	ring, err := ringbuffer.Open(filepath.Join(t.TempDir(), "ring"), ringbuffer.Options{Size: 64 << 20, SyncInterval: -1})
	return newRig(t, ring, err)
}

// send writes a request, checks that it is read as it was written, and tells
// whether it was compressed in between.
func (r rig) send(s otlpwire.Signal, request []byte) (packed bool) {
	r.t.Helper()
	end, err := r.w.Write(s, request, 0, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	rec, ok := r.rd.Next()
	if !ok || rec.End != end {
		r.t.Fatalf("record up to %d, %t, want one up to %d", rec.End, ok, end)
	}
	before := []byte("before")
	got, out, err := ringpack.Request(rec.Kind, rec.Data, before)
	if err != nil || got != s || !bytes.Equal(out, request) || string(before) != "before" {
		r.t.Fatalf("%s of %d bytes came back as %s of %d, %v", s, len(request), got, len(out), err)
	}
	r.rd.Release(rec.End)
	if packed = rec.Kind == otlpwire.ZstdKind(s); packed && len(rec.Data) >= len(request) {
		r.t.Errorf("%d bytes take %d in the ring", len(request), len(rec.Data))
	}
	return packed
}

func random(n int) []byte {
	out := make([]byte, n)
	src := rand.New(rand.NewPCG(1, 2))
	for i := range out {
		out[i] = byte(src.Uint32())
	}
	return out
}

func TestWrite_CompressesWhatIsWorthIt(t *testing.T) {
	r := inFile(t)
	repeated := bytes.Repeat([]byte("a span like the one before "), 100)
	for _, s := range []otlpwire.Signal{otlpwire.Traces, otlpwire.Logs, otlpwire.Metrics} {
		if !r.send(s, repeated) {
			t.Errorf("%s: %d bytes that repeat are not compressed", s, len(repeated))
		}
	}
	if r.send(otlpwire.Logs, repeated[:100]) {
		t.Error("a request of 100 bytes is compressed")
	}
	if r.send(otlpwire.Logs, random(10_000)) {
		t.Error("a request that does not get smaller is compressed")
	}
}

func TestWrite_LeavesAloneWhatIsNeverOnDisk(t *testing.T) {
	ring, err := ringbuffer.New(1 << 20)
	r := newRig(t, ring, err)
	if r.send(otlpwire.Traces, make([]byte, 10_000)) {
		t.Error("a request for a ring in memory is compressed")
	}
}

func TestRequest_OfOtherKinds(t *testing.T) {
	for _, kind := range []otlpwire.Kind{0, otlpwire.KindSpan, otlpwire.KindLog, 9, otlpwire.KindScope, 255} {
		if s, request, err := ringpack.Request(kind, []byte("x"), nil); s != 0 || request != nil || err != nil {
			t.Errorf("kind %d: %s, %q, %v, want nothing", kind, s, request, err)
		}
	}
}

// TestRequest_Damaged: what passes for a frame, and is none or unpacks to more
// than any ring takes, is an error.
func TestRequest_Damaged(t *testing.T) {
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	whole := z.EncodeAll(random(1000), nil)
	bomb := z.EncodeAll(make([]byte, 65<<20), nil)
	for name, data := range map[string][]byte{
		"empty": {}, "no frame": []byte("no frame at all"), "cut short": whole[:500], "too large": bomb,
	} {
		if _, request, err := ringpack.Request(otlpwire.KindLogsZstd, data, nil); err == nil {
			t.Errorf("%s: %d bytes, want an error", name, len(request))
		}
	}
}
