package datadir

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/ttlog/ttlog/exporter/otlp"
	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/internal/ringpack"
	"github.com/ttlog/ttlog/storage"
)

// TestClose_WithoutTheCollector closes twice while the collector is away: with
// a grace that is no error and is logged, without one the context decides.
// Either way the store has everything, and the collector's share is kept.
func TestClose_WithoutTheCollector(t *testing.T) {
	dir := t.TempDir()
	var log bytes.Buffer
	open := func(grace time.Duration) *DataDir {
		t.Helper()
		d, err := Open(dir, Options{
			RingBytes:    1 << 20,
			Forward:      []otlp.Options{{Target: otlp.Target{Endpoint: "http://127.0.0.1:1"}}},
			ForwardGrace: grace,
			Logger:       slog.New(slog.NewTextHandler(&log, nil)),
		})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	d := open(0)
	// A request with one empty span.
	if _, err := d.Ring.Write(otlpwire.KindTracesRequest, []byte{0x0a, 4, 0x12, 2, 0x12, 0}); err != nil {
		t.Fatal(err)
	}
	// The store is not to be what Close has no time for.
	if err := d.Pipeline.DrainStore(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := d.Close(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "http://127.0.0.1:1") {
		t.Errorf("without a grace: %v, want that the forwarder is behind", err)
	}
	d = open(50 * time.Millisecond)
	tail := d.Tail.Subscribe(storage.Logs)
	defer tail.Close()
	if rows := d.Status().Store.Signals["traces"].Rows; rows != 1 {
		t.Errorf("the store has %d rows, want 1", rows)
	}
	if err := d.Close(t.Context()); err != nil {
		t.Errorf("with a grace: %v", err)
	}
	select {
	case <-tail.Over():
	default:
		t.Error("a tail is open still, for which a server would wait")
	}
	if !strings.Contains(log.String(), "kept and sent after the next start") {
		t.Errorf("the log does not say what is kept:\n%s", &log)
	}
}

// TestOpen_HasNothingToSay of a new directory, nor of one that was closed.
func TestOpen_HasNothingToSay(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	for range 2 {
		var log bytes.Buffer
		logger := slog.New(slog.NewTextHandler(&log, nil))
		d, err := Open(dir, Options{RingBytes: 1 << 20, Logger: logger, Store: storage.Options{Logger: logger}})
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if log.Len() > 0 {
			t.Errorf("the log says: %s", &log)
		}
	}
}

// TestOpen_MissesTheRing that was there, and none where records were only
// imported.
func TestOpen_MissesTheRing(t *testing.T) {
	imported := func(t *testing.T, dir string) {
		s, err := storage.Open(dir, storage.Options{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Append(t.Context(), otlpwire.Traces, spanNamed("a"), 0)
		if err := errors.Join(err, s.Close()); err != nil {
			t.Fatal(err)
		}
	}
	served := func(t *testing.T, dir string) {
		d, err := Open(dir, Options{RingBytes: 1 << 20})
		if err != nil {
			t.Fatal(err)
		}
		_, err = ringpack.NewWriter(d.Ring).Write(otlpwire.Traces, spanNamed("a"), time.Second, nil)
		if err := errors.Join(err, d.Close(t.Context())); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name   string
		before []func(*testing.T, string)
		remove string
		warns  bool
	}{
		{"only imported", []func(*testing.T, string){imported}, "", false},
		{"served, the file gone", []func(*testing.T, string){served}, "ring/ring.ttring", true},
		{"imported and served, the directory gone", []func(*testing.T, string){imported, served}, "ring", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			for _, f := range c.before {
				f(t, dir)
			}
			if c.remove != "" {
				if err := os.RemoveAll(filepath.Join(dir, c.remove)); err != nil {
					t.Fatal(err)
				}
			}
			var log bytes.Buffer
			d, err := Open(dir, Options{RingBytes: 1 << 20, Logger: slog.New(slog.NewTextHandler(&log, nil))})
			if err != nil {
				t.Fatal(err)
			}
			if err := d.Close(t.Context()); err != nil {
				t.Error(err)
			}
			if got := strings.Contains(log.String(), "made anew"); got != c.warns {
				t.Errorf("warns: %t, want %t\n%s", got, c.warns, &log)
			}
		})
	}
}

// spanNamed is a request with a span of that name.
func spanNamed(name string) []byte {
	request := otlpwire.AppendString(nil, otlpwire.SpanName, name)
	for _, num := range []protowire.Number{otlpwire.ScopeSpansSpans, otlpwire.GroupScopes, otlpwire.RequestResource} {
		request = otlpwire.AppendBytes(nil, num, request)
	}
	return request
}

func TestOpen_InUseNamesTheHolder(t *testing.T) {
	dir := t.TempDir()
	d, err := Open(dir, Options{RingBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close(t.Context())
	if _, err := Open(dir, Options{}); !errors.Is(err, storage.ErrLocked) || !strings.Contains(err.Error(), "in use by pid ") {
		t.Errorf("a second Open: %v, want who has it", err)
	}
}

// TestOpen_NamesForwardersOfSingleSignals in the status, and refuses two that
// would share a cursor.
func TestOpen_NamesForwardersOfSingleSignals(t *testing.T) {
	one := func(endpoint string) otlp.Options { return otlp.Options{Logs: &otlp.Target{Endpoint: endpoint}} }
	d, err := Open(t.TempDir(), Options{RingBytes: 1 << 20, Forward: []otlp.Options{one("http://127.0.0.1:1"), one("http://127.0.0.1:2")}})
	if err != nil {
		t.Fatal(err)
	}
	if sinks := d.Status().Sinks; len(sinks) != 3 || sinks[1].Name != "http://127.0.0.1:1" || sinks[2].Name != "http://127.0.0.1:2" {
		t.Errorf("got %+v", sinks)
	}
	if err := d.Close(t.Context()); err != nil {
		t.Error(err)
	}
	_, err = Open(t.TempDir(), Options{RingBytes: 1 << 20, Forward: []otlp.Options{one("http://127.0.0.1:1"), one("http://127.0.0.1:1")}})
	if err == nil || !strings.Contains(err.Error(), "http://127.0.0.1:1 is named twice") {
		t.Errorf("the same endpoint twice: %v", err)
	}
}

// TestRecall_UnpacksRequests: what is recalled after a restart is compared with
// requests as they come, and the ring may have them compressed.
func TestRecall_UnpacksRequests(t *testing.T) {
	dir := t.TempDir()
	d, err := Open(dir, Options{RingBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close(t.Context())
	var want []string
	w := ringpack.NewWriter(d.Ring)
	for _, name := range []string{"a", strings.Repeat("b", 1000), "c", strings.Repeat("d", 2000)} {
		request := spanNamed(name)
		before := d.Ring.Stats().Head
		if _, err := w.Write(otlpwire.Traces, request, 0, nil); err != nil {
			t.Fatal(err)
		}
		if n := d.Ring.Stats().Head - before; len(name) > 1 && n > 200 {
			t.Errorf("%d bytes take %d in the ring", len(request), n)
		}
		want = append(want, string(request))
	}
	var got []string
	err = d.Recall(func(s otlpwire.Signal, request []byte) {
		if s != otlpwire.Traces {
			t.Errorf("recalled a request of %s", s)
		}
		got = append(got, string(request))
	})
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("recalled %q, %v, want %q", got, err, want)
	}
}
