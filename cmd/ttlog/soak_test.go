package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

const (
	soakMemory = 256 << 20
	// longTrace is how many spans the trace has that is read over and over.
	longTrace = 200_000
)

var longTraceID = [16]byte{0xaa, 15: 0xbb}

// soakTime is how long the load goes on: `make soak` says a minute.
func soakTime(t *testing.T) time.Duration {
	if d, err := time.ParseDuration(os.Getenv("TTLOG_SOAK")); err == nil {
		return d
	}
	if testing.Short() {
		t.Skip("it loads the machine for seconds")
	}
	return 6 * time.Second
}

// TestSoak_StaysWithinItsMemory sends spans as fast as the daemon takes them,
// beside 20 heavy queries at a time, 8 reads of a trace of 200,000 spans and 50
// clients that ask for everything and read nothing. The daemon has to live, to
// stay within its budget, to refuse no request for want of memory, and to
// answer some of the queries and reads; everything acknowledged has to be there.
func TestSoak_StaysWithinItsMemory(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("anonymous memory is read from /proc")
	}
	span := soakTime(t)
	p := startServe(t, t.TempDir(), "--memory", strconv.Itoa(soakMemory))
	l := &soak{t: t, p: p, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}, over: make(chan struct{})}
	defer l.client.CloseIdleConnections()
	for i := 0; i < longTrace; i += 2000 {
		l.mustSend(soakRequest(i, 2000, longTraceID))
	}
	p.waitForCount(t, "spans", longTrace)
	l.start(1, l.watch)
	l.start(2, l.send)
	l.start(20, l.query)
	l.start(8, l.readTrace)
	l.start(50, l.ignore)
	select {
	case <-time.After(span):
	case <-p.exited:
		close(l.over)
		l.wg.Wait()
		t.Fatalf("the daemon ended with %d MiB of anonymous memory: %v\n%s", l.peak.Load()>>20, p.exitErr, p.stderr)
	}
	resp, err := http.Get(p.api + "/api/v1/status")
	if err != nil {
		t.Fatal(err)
	}
	var st struct{ Memory json.RawMessage }
	if err := json.NewDecoder(resp.Body).Decode(&st); err != nil {
		t.Error(err)
	}
	resp.Body.Close()
	t.Logf("memory: %s", st.Memory)
	close(l.over)
	l.wg.Wait()
	t.Logf("%d spans acknowledged, %d times told to come again; queries: %d answered, %d failed, %d refused; trace reads: %d whole, %d refused, %d cut; %d connections of clients that do not read ended; %d MiB of anonymous memory at most",
		l.acked.Load(), l.later.Load(), l.answered.Load(), l.failed.Load(), l.refused.Load(), l.traces.Load(), l.tracesRefused.Load(), l.tracesCut.Load(), l.ignored.Load(), l.peak.Load()>>20)
	if most := l.peak.Load(); most > soakMemory {
		t.Errorf("%d MiB of anonymous memory, of %d allowed", most>>20, soakMemory>>20)
	}
	// When the load is over and what began has ended, whoever asks is answered.
	for range 600 {
		if p.metric(t, "ttlog_memory_waiting")+p.metric(t, `ttlog_memory_held_bytes{consumer="queries"}`) == 0 {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	if l.readTrace(0, 0); l.traces.Load() == 0 {
		t.Errorf("the trace cannot be read")
	}
	if n := p.metric(t, `ttlog_receiver_refused_total{reason="busy",signal="traces",transport="http"}`); n != 0 {
		t.Errorf("%v requests were refused for want of memory", n)
	}
	p.waitForCount(t, "spans", int(l.acked.Load()))
	p.stop(t)
}

// soak is the load on one daemon.
type soak struct {
	t      *testing.T
	p      *process
	client *http.Client
	over   chan struct{}
	wg     sync.WaitGroup

	acked, later                     atomic.Int64
	answered, failed, refused        atomic.Int64
	traces, tracesRefused, tracesCut atomic.Int64
	ignored, peak                    atomic.Int64
}

// start runs n goroutines that do something again and again until it is over.
func (l *soak) start(n int, do func(worker, round int)) {
	for worker := range n {
		l.wg.Go(func() {
			for round := 0; ; round++ {
				select {
				case <-l.over:
					return
				case <-l.p.exited:
					return
				default:
					do(worker, round)
				}
			}
		})
	}
}

// unreachable reports that the daemon does not answer, unless it is dead: that
// is reported once.
func (l *soak) unreachable(err error) {
	select {
	case <-l.p.exited:
	case <-time.After(2 * time.Second):
		l.t.Error(err)
	}
}

// watch reads how much anonymous memory the daemon has.
func (l *soak) watch(int, int) {
	n := anonymousBytes(l.t, l.p.cmd.Process.Pid)
	l.peak.Store(max(l.peak.Load(), n))
	time.Sleep(10 * time.Millisecond)
}

func anonymousBytes(t testing.TB, pid int) int64 {
	t.Helper()
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0 // it ended
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if kb, ok := strings.CutPrefix(s.Text(), "RssAnon:"); ok {
			n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(kb), " kB"), 10, 64)
			if err != nil {
				t.Error(err)
			}
			return n << 10
		}
	}
	return 0
}

// soakRequest returns spans of one trace, or of ten each where the id is zero,
// with attributes of which one in ten spans has a key of its own, of 20,000.
func soakRequest(from, n int, trace [16]byte) []byte {
	req := ptraceotlp.NewExportRequest()
	rs := req.Traces().ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", fmt.Sprint("soak-", from%7))
	spans := rs.ScopeSpans().AppendEmpty().Spans()
	now := time.Now()
	for i := from; i < from+n; i++ {
		s := spans.AppendEmpty()
		id := trace
		if id == ([16]byte{}) {
			id = [16]byte{1, byte(i >> 16), byte(i >> 8), byte(i / 10), byte(i * 37), 15: 1}
		}
		s.SetTraceID(id)
		s.SetSpanID([8]byte{1, byte(i >> 24), byte(i >> 16), byte(i >> 8), byte(i), 7})
		s.SetName(fmt.Sprint("GET /orders/", i%50))
		s.SetKind(ptrace.SpanKindServer)
		start := now.Add(time.Duration(i) * time.Microsecond)
		s.SetStartTimestamp(pcommon.NewTimestampFromTime(start))
		s.SetEndTimestamp(pcommon.NewTimestampFromTime(start.Add(time.Duration(i%997) * time.Millisecond)))
		a := s.Attributes()
		a.PutStr("http.request.method", "GET")
		a.PutStr("url.full", fmt.Sprintf("https://shop.example/orders/%d?session=%x", i, i*2654435761))
		a.PutInt("http.response.status_code", int64(200+i%3))
		a.PutInt("shop.items", int64(i%17))
		a.PutStr("peer.address", fmt.Sprintf("10.0.%d.%d", i>>8&0xff, i&0xff))
		if i%10 == 0 {
			a.PutStr(fmt.Sprint("custom.", i/10%20_000), "x")
		}
	}
	body, err := req.MarshalProto()
	if err != nil {
		panic(err)
	}
	return body
}

// mustSend sends a request until it is taken.
func (l *soak) mustSend(body []byte) {
	for !l.post(body, 2000) {
		time.Sleep(50 * time.Millisecond)
	}
}

func (l *soak) post(body []byte, spans int64) bool {
	resp, err := l.client.Post(l.p.otlpHTTP+"/v1/traces", "application/x-protobuf", bytes.NewReader(body))
	if err != nil {
		l.unreachable(err)
		return true
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	switch resp.StatusCode {
	case http.StatusOK:
		l.acked.Add(spans)
		return true
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		l.later.Add(1)
	default:
		l.t.Errorf("OTLP: %s", resp.Status)
	}
	return false
}

// send sends requests that differ, as fast as they are taken.
func (l *soak) send(worker, round int) {
	if !l.post(soakRequest((2*round+worker)*1000, 1000, [16]byte{}), 1000) {
		time.Sleep(100 * time.Millisecond)
	}
}

// heavy are queries that need much memory.
var heavy = []string{
	"SELECT trace_id, count(*), max(duration) FROM spans GROUP BY trace_id ORDER BY 2 DESC LIMIT 10",
	"SELECT * FROM spans ORDER BY duration DESC LIMIT 1000",
	"SELECT span_id, count(*) FROM spans GROUP BY span_id ORDER BY 2 DESC LIMIT 10",
	"SELECT url.full, p99(duration), count(*) FROM spans GROUP BY url.full ORDER BY 3 DESC LIMIT 10",
	"SELECT service, name, count(DISTINCT peer.address), p50(duration) FROM spans GROUP BY service, name ORDER BY 3 DESC",
	"SELECT upper(url.full) FROM spans ORDER BY 1 LIMIT 5000",
}

func (l *soak) query(worker, round int) {
	resp, err := l.client.Post(l.p.api+"/api/v1/query", "text/plain", strings.NewReader(heavy[(worker+round)%len(heavy)]))
	if err != nil {
		l.unreachable(err)
		return
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		l.failed.Add(1) // cut off: it could not go on
	case resp.StatusCode == http.StatusOK:
		l.answered.Add(1)
	case resp.StatusCode == http.StatusUnprocessableEntity:
		l.failed.Add(1)
	case resp.StatusCode == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") != "":
		l.refused.Add(1)
		time.Sleep(time.Second)
	default:
		l.t.Errorf("query: %s: %s", resp.Status, body)
	}
}

func (l *soak) readTrace(worker, round int) {
	req, err := http.NewRequest(http.MethodGet, fmt.Sprintf("%s/api/v1/traces/%x", l.p.api, longTraceID), nil)
	if err != nil {
		l.t.Error(err)
		return
	}
	needle := []byte(`"spanId"`)
	if (worker+round)%2 == 1 {
		req.Header.Set("Accept", "application/x-protobuf")
		needle = []byte("GET /orders/")
	}
	resp, err := l.client.Do(req)
	if err != nil {
		l.unreachable(err)
		return
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusServiceUnavailable:
		l.tracesRefused.Add(1)
		time.Sleep(time.Second)
		return
	case resp.StatusCode != http.StatusOK:
		body, _ := io.ReadAll(resp.Body)
		l.t.Errorf("trace: %s: %s", resp.Status, body)
		return
	}
	n, err := countIn(resp.Body, needle)
	switch {
	case err != nil:
		l.tracesCut.Add(1)
	case n != longTrace:
		l.t.Errorf("the trace has %d spans, want %d", n, longTrace)
	default:
		l.traces.Add(1)
	}
}

// countIn counts what stands in a stream, without keeping it.
func countIn(r io.Reader, needle []byte) (n int, err error) {
	buf, kept := make([]byte, 256<<10), 0
	for {
		m, err := r.Read(buf[kept:])
		data := buf[:kept+m]
		n += bytes.Count(data, needle)
		if at := bytes.LastIndex(data, needle); at >= 0 {
			data = data[at+len(needle):]
		}
		data = data[max(len(data)-len(needle)+1, 0):]
		kept = copy(buf, data)
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

// ignore asks for everything and reads nothing.
func (l *soak) ignore(int, int) {
	conn, err := net.Dial("tcp", strings.TrimPrefix(l.p.api, "http://"))
	if err != nil {
		l.unreachable(err)
		return
	}
	defer conn.Close()
	const sql = "SELECT * FROM spans"
	fmt.Fprintf(conn, "POST /api/v1/query HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s", len(sql), sql)
	select {
	case <-l.over:
	case <-time.After(12 * time.Second):
	}
	l.ignored.Add(1)
}

// metric returns a figure of /metrics, 0 where it is not there.
func (p *process) metric(t testing.TB, name string) float64 {
	t.Helper()
	resp, err := http.Get(p.api + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	for s := bufio.NewScanner(resp.Body); s.Scan(); {
		if text, ok := strings.CutPrefix(s.Text(), name+" "); ok {
			v, err := strconv.ParseFloat(text, 64)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
	}
	return 0
}
