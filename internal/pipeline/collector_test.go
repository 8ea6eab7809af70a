package pipeline_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/ttlog/ttlog/exporter/otlp"
	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/internal/pipeline"
)

// moody is a collector over HTTP that misbehaves in every way there is, in
// turn, and takes one request in six.
type moody struct {
	mu    sync.Mutex
	calls int
	got   []string
	calm  bool
}

func (m *moody) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	m.calls++
	mood := m.calls % 6
	if m.calm {
		mood = 0
	}
	m.mu.Unlock()
	z, err := gzip.NewReader(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	body, err := io.ReadAll(z)
	if err != nil {
		return
	}
	switch mood {
	case 1:
		w.Header().Set("Retry-After", "0")
		w.WriteHeader(http.StatusTooManyRequests)
	case 2:
		w.WriteHeader(http.StatusServiceUnavailable)
	case 3:
		<-r.Context().Done()
	case 4:
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			_ = conn.Close()
		}
	case 5: // takes it, and dies before it can say so
		m.take(body)
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			_ = conn.Close()
		}
	default:
		m.take(body)
		// A partial success with 1 rejected: not to be sent again.
		w.Header().Set("Content-Type", "application/x-protobuf")
		_, _ = w.Write([]byte{0x0a, 0x02, 0x08, 0x01})
	}
}

func (m *moody) take(body []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	rows, err := names(otlpwire.Traces, body)
	if err != nil {
		rows = []string{err.Error()}
	}
	m.got = append(m.got, rows...)
}

func TestForward_RealClientAndMoodyCollector(t *testing.T) {
	m := &moody{}
	srv := httptest.NewServer(m)
	defer srv.Close()
	client, err := otlp.New(otlp.Options{
		Target: otlp.Target{Endpoint: srv.URL, Timeout: 50 * time.Millisecond},
		Retry:  otlp.Retry{Disabled: true}, // the pipeline tries again
	})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ring := newRing(t, 64<<10)
	store := openStore(newDisk())
	p := start(t, newPipeline(t, ring, pipeline.Options{
		Store: store, Forwarders: forwards(client), SpillDir: t.TempDir(), BatchBytes: 2 << 10,
	}))
	w := producer{t, ring}
	a := w.scope("a", "x")
	var want []string
	for i := range 2000 {
		want = append(want, number("s", i))
		must(t, func() error { return w.span(a, want[i]) })
	}
	eventually(t, "the collector was met in every mood", func() bool { m.mu.Lock(); defer m.mu.Unlock(); return m.calls > 12 })
	m.mu.Lock()
	m.calm = true
	m.mu.Unlock()
	drain(t, p)
	sameRows(t, store.all(), want)
	m.mu.Lock()
	defer m.mu.Unlock()
	inOrder(t, m.got, want)
	if st := client.Stats(); st.RejectedSpans == 0 || st.PartialSuccesses != st.RejectedSpans {
		t.Errorf("stats: %+v", st)
	}
}
