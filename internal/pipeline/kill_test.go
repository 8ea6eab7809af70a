package pipeline_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/internal/pipeline"
	"github.com/ttlog/ttlog/ringbuffer"
)

// The environment of the child that TestForward_SurvivesKill kills.
const (
	childDir       = "TTLOG_PIPELINE_TEST_DIR"
	childFrom      = "TTLOG_PIPELINE_TEST_FROM"
	childCollector = "TTLOG_PIPELINE_TEST_COLLECTOR"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		child(dir)
	}
	goleak.VerifyTestMain(m)
}

// posted is a forwarder that posts the bytes as they are.
func posted(url string) pipeline.Forwarder {
	return forwardFunc(func(ctx context.Context, _ otlpwire.Signal, payload []byte) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(payload))
		if err != nil {
			return err
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		if res.StatusCode != http.StatusOK {
			return fmt.Errorf("status %d", res.StatusCode)
		}
		return nil
	})
}

// openForwarding opens a ring in a file and forwards what is in it.
func openForwarding(dir, collector string) (*ringbuffer.Ring, *pipeline.Pipeline, error) {
	ring, err := ringbuffer.Open(filepath.Join(dir, "ring"), ringbuffer.Options{Size: 64 << 10})
	if err != nil {
		return nil, nil, err
	}
	p, err := pipeline.New(ring, pipeline.Options{
		Forwarders: forwards(posted(collector)), SpillDir: dir, BatchBytes: 2 << 10, ForwardLinger: -1, Logger: quiet,
		RetryInterval: time.Millisecond, MaxRetryInterval: 5 * time.Millisecond,
	})
	if err != nil {
		return nil, nil, err
	}
	return ring, p, p.Start()
}

// child commits numbered requests for ever, and tells of each.
func child(dir string) {
	t := &testing.T{}
	ring, _, err := openForwarding(dir, os.Getenv(childCollector))
	if err != nil {
		panic(err)
	}
	from, _ := strconv.Atoi(os.Getenv(childFrom))
	for i := from; ; i++ {
		must(t, func() error { return producer{t, ring}.whole(number("s", i)) })
		fmt.Println(i)
	}
}

// changeable is a collector that is there, or refuses, or hangs.
type changeable struct {
	mu   sync.Mutex
	mode int
	got  []string
}

func (c *changeable) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch c.mode {
	case 1:
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	case 2:
		c.mu.Unlock()
		<-r.Context().Done()
		c.mu.Lock()
		return
	}
	rows, err := names(otlpwire.Traces, body)
	if err != nil {
		rows = []string{err.Error()}
	}
	c.got = append(c.got, rows...)
}

// A process that is killed at any moment, with requests in the ring, in the
// queue on disk and on their way, loses nothing of what it had committed, and
// the collector gets it in order.
func TestForward_SurvivesKill(t *testing.T) {
	c := &changeable{}
	srv := httptest.NewServer(c)
	defer srv.Close()
	dir := t.TempDir()
	next := 0
	for round := range 9 {
		c.mu.Lock()
		c.mode = round % 3
		c.mu.Unlock()
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), childDir+"="+dir, childFrom+"="+strconv.Itoa(next), childCollector+"="+srv.URL)
		cmd.Stderr = os.Stderr
		pipe, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		last := next + 300 + 237*round
		for lines := bufio.NewScanner(pipe); lines.Scan(); {
			n, err := strconv.Atoi(lines.Text())
			if err != nil || n < next {
				continue // the last line may be cut
			}
			next = n + 1
			if n == last {
				_ = cmd.Process.Kill() // it goes on until the signal arrives
			}
		}
		_ = cmd.Wait()
		if next <= last {
			t.Fatalf("round %d ended by itself at %d of %d", round, next, last)
		}
	}
	c.mu.Lock()
	c.mode = 0
	c.mu.Unlock()
	ring, p, err := openForwarding(dir, srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer ring.Close()
	defer p.Close()
	drain(t, p)
	var want []string
	for i := range next {
		want = append(want, number("s", i))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	// The newest number of all may be there without its line.
	got := c.got
	for len(got) > 0 && got[len(got)-1] == number("s", next) {
		got = got[:len(got)-1]
	}
	inOrder(t, got, want)
	http.DefaultClient.CloseIdleConnections()
}
