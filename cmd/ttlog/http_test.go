package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/ttlog/ttlog/internal/testservers"
)

func get(t testing.TB, url string) (status int, body []byte) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, body
}

// post sends one body and returns the status, 0 when the server hung up.
func post(url, contentType, encoding string, body io.Reader) int {
	req, err := http.NewRequest(http.MethodPost, url, body)
	if err != nil {
		return 0
	}
	req.Header.Set("Content-Type", contentType)
	if encoding != "" {
		req.Header.Set("Content-Encoding", encoding)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

func zipped(b []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, _ = z.Write(b)
	_ = z.Close()
	return out.Bytes()
}

const jsonSpan = `{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"api"}}]},
"scopeSpans":[{"spans":[{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"%016x","name":"GET /","kind":2,
"startTimeUnixNano":"%d","endTimeUnixNano":"%d","status":{"code":2}}]}]}]}`

// TestHTTP_MetricsAreValidPrometheusText parses /metrics as Prometheus does.
func TestHTTP_MetricsAreValidPrometheusText(t *testing.T) {
	p := startServe(t, filepath.Join(t.TempDir(), "data"), "--forward", "http://127.0.0.1:1")
	p.sendNumbered(t, "app", 0, 3)
	p.waitForNumbered(t, "app", 3)
	post(p.api+"/v1/traces", "application/x-protobuf", "", strings.NewReader("rubbish"))
	_, text := get(t, p.api+"/metrics")
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	value := func(name string, labels map[string]string) (sum float64) {
		for _, m := range families[name].GetMetric() {
			match := 0
			for _, l := range m.GetLabel() {
				if labels[l.GetName()] == l.GetValue() {
					match++
				}
			}
			if match == len(labels) {
				sum += m.GetGauge().GetValue() + m.GetCounter().GetValue()
			}
		}
		return sum
	}
	for name, want := range map[string]float64{
		"ttlog_store_appended_rows_total": 9, "ttlog_receiver_requests_total": 9, "ttlog_receiver_refused_total": 1,
	} {
		if got := value(name, nil); got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	if got := value("ttlog_sink_lag_bytes", map[string]string{"sink": "http://127.0.0.1:1"}); got == 0 {
		t.Error("the forwarder without a collector lags by nothing")
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		if code, body := get(t, p.api+path); code != http.StatusOK {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
}

// TestHTTP_TailShowsWhatArrives listens with a condition while OTLP JSON in
// gzip comes in on the main port.
func TestHTTP_TailShowsWhatArrives(t *testing.T) {
	p := startServe(t, filepath.Join(t.TempDir(), "data"))
	resp, err := http.Get(p.api + "/api/v1/tail?signal=spans&service=api&where=duration+%3E+1s")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	if !lines.Scan() || lines.Text() != ": listening" {
		t.Fatalf("first line %q", lines.Text())
	}
	now := time.Now().UnixNano()
	for i, duration := range []time.Duration{time.Millisecond, 2 * time.Second} {
		body := zipped(fmt.Appendf(nil, jsonSpan, i+1, now, now+int64(duration)))
		if code := post(p.api+"/v1/traces", "application/json", "gzip", bytes.NewReader(body)); code != http.StatusOK {
			t.Fatalf("OTLP JSON on the main port: %d", code)
		}
	}
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		var row map[string]any
		if err := json.Unmarshal([]byte(data), &row); err != nil {
			t.Fatalf("%v: %s", err, data)
		}
		if row["span_id"] != "0000000000000002" || row["duration"] != 2e9 {
			t.Errorf("got %s, want the span of 2 s alone", data)
		}
		return
	}
	t.Fatal(lines.Err())
}

// TestHTTP_TheQueriesOfTheDesign runs them to the letter, against the server
// and, beside it, against its directory: json is the same document.
func TestHTTP_TheQueriesOfTheDesign(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	p := startServe(t, data)
	for i, d := range []time.Duration{time.Second, 1500 * time.Millisecond, 3 * time.Second} {
		start := time.Now().Add(-time.Minute).UnixNano()
		body := fmt.Sprintf(jsonSpan, i+1, start, start+int64(d))
		if code := post(p.otlpHTTP+"/v1/traces", "application/json", "", strings.NewReader(body)); code != http.StatusOK {
			t.Fatal(code)
		}
	}
	p.sendNumbered(t, "shop", 0, 4)
	p.waitForNumbered(t, "shop", 4)
	type document struct {
		Columns []map[string]string
		Rows    [][]any
	}
	for sql, want := range map[string][][]any{
		`SELECT span_id, duration, error FROM traces
WHERE service = 'api' AND duration > 1000ms AND timestamp > now() - 1h
ORDER BY duration DESC;`: {{"0000000000000003", 3e9, true}, {"0000000000000002", 1.5e9, true}},
		`SELECT count(*), level, service FROM logs
WHERE timestamp > now() - 24h GROUP BY level, service;`: {{4.0, "INFO", "shop"}},
		"SELECT count(*) FROM metrics": {{4.0}},
	} {
		if got := p.query(t, sql); !reflect.DeepEqual(got, want) {
			t.Errorf("HTTP %s: got %v, want %v", sql, got, want)
		}
		for _, from := range [][]string{{"--server", p.api}, {"--data", data}} {
			out, errs, code := run(t, append([]string{"query", "--format", "json", sql}, from...)...)
			var doc document
			if err := json.Unmarshal([]byte(out), &doc); err != nil || code != 0 || errs != "" {
				t.Fatalf("%v %s: %d %v %s", from, sql, code, err, errs)
			}
			if !reflect.DeepEqual(doc.Rows, want) {
				t.Errorf("%v %s: got %v, want %v", from, sql, doc.Rows, want)
			}
		}
	}
	for _, s := range signals {
		var outputs []string
		for _, from := range [][]string{{"--server", p.api}, {"--data", data}} {
			out, errs, code := run(t, append([]string{"query", "--format", "csv", "SELECT * FROM " + s.table + " ORDER BY timestamp"}, from...)...)
			if code != 0 {
				t.Fatalf("%s: %s", s.table, errs)
			}
			outputs = append(outputs, out)
		}
		if outputs[0] != outputs[1] || strings.Count(outputs[0], "\n") < 5 {
			t.Errorf("SELECT * FROM %s: the server says\n%s\nthe directory\n%s", s.table, outputs[0], outputs[1])
		}
	}
	for _, from := range [][]string{{"--server", p.api}, {"--data", data}} {
		out, errs, code := run(t, append([]string{"query", "SELECT nonsense(1) FROM spans"}, from...)...)
		if code != exitFailed || out != "" || !strings.Contains(errs, "line 1, column 8") {
			t.Errorf("%v: %d %q %q", from, code, out, errs)
		}
	}
}

// zeros is a reader of n zero bytes.
func zeros(n int64) io.Reader { return io.LimitReader(zeroReader{}, n) }

type zeroReader struct{}

func (zeroReader) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// TestHTTP_HostileRequests sends a hundred at once of every kind, and expects
// that nothing of them is stored, that memory stays bounded, and that good
// data still gets in.
func TestHTTP_HostileRequests(t *testing.T) {
	p := startServe(t, filepath.Join(t.TempDir(), "data"))
	p.sendNumbered(t, "good", 0, 1)
	good := numbered(t, "bad", 1, time.Now())
	gzipBomb := zipped(make([]byte, 512<<20))
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	zstdBomb := enc.EncodeAll(make([]byte, 512<<20), nil)
	many := zipped([]byte(`{"resourceSpans":[` + strings.Repeat("{},", 5<<20) + `{}]`))
	deep := strings.Repeat(`{"resourceSpans":[`, 200_000)
	nested := strings.Repeat(`{"arrayValue":{"values":[`, 100_000)
	rng := rand.New(rand.NewPCG(1, 2))
	garbage := make([]byte, 1<<20)
	for i := range garbage {
		garbage[i] = byte(rng.Uint32())
	}
	proto, text := "application/x-protobuf", "application/json"
	attacks := map[string]func(url, signal string) int{
		"truncated": func(url, signal string) int {
			return post(url, proto, "", bytes.NewReader(good[signal][:len(good[signal])-3]))
		},
		"flipped": func(url, signal string) int {
			b := bytes.Clone(good[signal])
			b[1] ^= 0x40
			return post(url, proto, "", bytes.NewReader(b))
		},
		"garbage":      func(url, _ string) int { return post(url, proto, "", bytes.NewReader(garbage)) },
		"not gzip":     func(url, _ string) int { return post(url, proto, "gzip", bytes.NewReader(garbage)) },
		"not zstd":     func(url, _ string) int { return post(url, proto, "zstd", bytes.NewReader(garbage)) },
		"gzip bomb":    func(url, _ string) int { return post(url, proto, "gzip", bytes.NewReader(gzipBomb)) },
		"zstd bomb":    func(url, _ string) int { return post(url, proto, "zstd", bytes.NewReader(zstdBomb)) },
		"200 MB":       func(url, _ string) int { return post(url, proto, "", zeros(200<<20)) },
		"deep JSON":    func(url, _ string) int { return post(url, text, "", strings.NewReader(deep)) },
		"many objects": func(url, _ string) int { return post(url, text, "gzip", bytes.NewReader(many)) },
		"deep value": func(url, _ string) int {
			return post(url, text, "", strings.NewReader(`{"resourceSpans":[{"resource":{"attributes":[{"key":"a","value":`+nested))
		},
	}
	var peak int64
	done, watched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		for {
			peak = max(peak, p.rss(t))
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	var wg sync.WaitGroup
	for name, attack := range attacks {
		for i := range 10 {
			signal := signals[i%3].path
			url := []string{p.api, p.otlpHTTP}[i%2] + "/v1/" + signal
			wg.Go(func() {
				if code := attack(url, signal); code != 0 && code < 400 || code == 500 {
					t.Errorf("%s to %s: %d", name, url, code)
				}
			})
		}
	}
	wg.Wait()
	close(done)
	<-watched
	t.Logf("at most %d MiB resident", peak>>20)
	if peak > 1536<<20 && !raceEnabled { // the race detector takes several times the memory
		t.Errorf("%d MiB resident, want at most 1536", peak>>20)
	}
	p.sendNumbered(t, "good", 1, 5)
	p.waitForNumbered(t, "good", 5)
	for _, s := range signals {
		if got := p.query(t, "SELECT count(*) FROM "+s.table)[0][0]; got != 5.0 {
			t.Errorf("%s: %v rows, want the 5 good ones", s.table, got)
		}
	}
	p.stop(t)
}

// TestHTTP_ABodyThatDoesNotArriveIsCutOff, whether the call wants it or not.
func TestHTTP_ABodyThatDoesNotArriveIsCutOff(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"read": func(_ http.ResponseWriter, r *http.Request) {
			if _, err := io.ReadAll(r.Body); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("got %v", err)
			}
		},
		"left": func(http.ResponseWriter, *http.Request) {},
	} {
		srv := httptest.NewServer(bodyWithin(20*time.Millisecond, h))
		conn, err := net.Dial("tcp", srv.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc"); err != nil {
			t.Fatal(err)
		}
		// It ends when the server closes the connection.
		if answer, err := io.ReadAll(conn); err != nil || !bytes.HasPrefix(answer, []byte("HTTP/1.1 200 OK")) {
			t.Errorf("%s: got %q, %v", name, answer, err)
		}
		conn.Close()
		srv.Close()
	}
}

// rss returns the resident memory of the process in bytes, 0 where the system
// does not tell it.
func (p *process) rss(t testing.TB) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(status), "VmRSS:")
	fields := strings.Fields(after)
	if len(fields) == 0 {
		return 0
	}
	n, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil {
		t.Error(err)
	}
	return n << 10
}

// TestHTTP_ABrowserReadsTheAPI opens the API in a real browser.
func TestHTTP_ABrowserReadsTheAPI(t *testing.T) {
	chromium := testservers.Chromium(t)
	p := startServe(t, filepath.Join(t.TempDir(), "data"))
	p.sendNumbered(t, "teapots", 0, 1)
	p.waitForNumbered(t, "teapots", 1)
	cmd := exec.Command(chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
		"--user-data-dir="+t.TempDir(), "--dump-dom", p.api+"/api/v1/services")
	out, err := cmd.Output()
	if err != nil || !strings.Contains(string(out), "teapots") {
		t.Fatalf("%v: %s", err, out)
	}
}
