package main

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/ttlog/ttlog/storage"
	"github.com/ttlog/ttlog/storage/column"
)

// kills is how often TestKill_AcknowledgedSpansSurvive kills the daemon.
func kills(t testing.TB) int {
	t.Helper()
	n, err := strconv.Atoi(os.Getenv("TTLOG_KILLS"))
	if err != nil {
		return 20
	}
	return n
}

// load sends requests until the daemon dies, and remembers which spans were
// sent and which of them acknowledged. Span ids count up and are never reused.
type load struct {
	mu    sync.Mutex
	next  uint64          // guarded by mu
	acked map[uint64]bool // guarded by mu; false: sent, no answer
}

// request returns an Export request with n new spans.
func (l *load) request(n int) (first uint64, body []byte, err error) {
	l.mu.Lock()
	first = l.next
	l.next += uint64(n)
	for id := first; id < first+uint64(n); id++ {
		l.acked[id] = false
	}
	l.mu.Unlock()
	req := ptraceotlp.NewExportRequest()
	rs := req.Traces().ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "load")
	spans := rs.ScopeSpans().AppendEmpty().Spans()
	now := time.Now()
	for i := range n {
		s := spans.AppendEmpty()
		var id [8]byte
		binary.BigEndian.PutUint64(id[:], first+uint64(i))
		s.SetSpanID(id)
		s.SetTraceID([16]byte{1, 15: byte(i)})
		s.SetName("work")
		s.Attributes().PutInt("i", int64(i))
		// Two days: a flush publishes to two partitions, one after the other.
		start := now.Add(-24 * time.Hour * time.Duration(i%2))
		s.SetStartTimestamp(pcommon.NewTimestampFromTime(start))
		s.SetEndTimestamp(pcommon.NewTimestampFromTime(start.Add(time.Millisecond)))
	}
	body, err = req.MarshalProto()
	return first, body, err
}

// run sends until a request fails or stop is closed.
func (l *load) run(t testing.TB, url string, spans int, stop <-chan struct{}) {
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for {
		select {
		case <-stop:
			return
		default:
		}
		first, body, err := l.request(spans)
		if err != nil {
			t.Error(err)
			return
		}
		resp, err := client.Post(url+"/v1/traces", "application/x-protobuf", bytes.NewReader(body))
		if err != nil {
			return // the daemon is dead
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			continue // refused: nothing of it may be required
		}
		l.mu.Lock()
		for id := first; id < first+uint64(spans); id++ {
			l.acked[id] = true
		}
		l.mu.Unlock()
	}
}

// TestKill_AcknowledgedSpansSurvive kills the daemon at random moments while
// four clients load it, starts it again, and at the end accounts for every
// span: each acknowledged one is there, none is there twice.
func TestKill_AcknowledgedSpansSurvive(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	l := &load{acked: make(map[uint64]bool), next: 1}
	for range kills(t) {
		p := startServe(t, data)
		stop := make(chan struct{})
		var wg sync.WaitGroup
		for client := range 4 {
			wg.Go(func() { l.run(t, p.otlpHTTP, 50*(client*client+1), stop) })
		}
		time.Sleep(time.Duration(rand.IntN(400)) * time.Millisecond)
		p.kill()
		close(stop)
		wg.Wait()
	}

	p := startServe(t, data)
	p.stop(t) // drains the ring
	stored := storedSpans(t, data)
	acked, lost, twice, unknown := 0, 0, 0, 0
	for id, ok := range l.acked {
		if ok {
			acked++
			if stored[id] == 0 {
				lost++
			}
		}
		if stored[id] > 1 {
			twice++
		}
	}
	for id := range stored {
		if _, sent := l.acked[id]; !sent {
			unknown++
		}
	}
	t.Logf("%d spans sent, %d acknowledged, %d stored", len(l.acked), acked, len(stored))
	if lost+twice+unknown > 0 {
		t.Errorf("%d acknowledged spans lost, %d stored twice, %d never sent", lost, twice, unknown)
	}
	if acked == 0 {
		t.Error("no span was acknowledged: the test showed nothing")
	}
	report, err := storage.Check(data)
	if err != nil || len(report.Damage) > 0 {
		t.Errorf("check: %v %v", report.Damage, err)
	}
}

// storedSpans counts the spans of a data directory by their ids. It reads the
// store itself: millions of groups are more than a query may hold.
func storedSpans(t testing.TB, data string) map[uint64]int {
	t.Helper()
	s, err := storage.Open(data, storage.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	scan, err := s.Scan(t.Context(), storage.ScanRequest{Signal: storage.Traces})
	if err != nil {
		t.Fatal(err)
	}
	defer scan.Close()
	stored := make(map[uint64]int)
	for block, err := range scan.Blocks() {
		if err != nil {
			t.Fatal(err)
		}
		v, err := block.Vector(column.Ref{Name: "span_id"})
		if err != nil {
			t.Fatal(err)
		}
		row := uint32(0)
		for i, code := range v.Codes {
			end := row + 1
			if v.RunEnds != nil {
				end = v.RunEnds[i]
			}
			stored[binary.BigEndian.Uint64([]byte(v.Dict[code]))] += int(end - row)
			row = end
		}
	}
	return stored
}
