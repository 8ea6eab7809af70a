package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the test binary be the ttlog command: for the scripts, and for
// the tests that start and kill a real daemon.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"ttlog": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script"})
}

// process is a running ttlog serve.
type process struct {
	cmd                     *exec.Cmd
	api, otlpHTTP, otlpGRPC string
	stderr                  *lockedBuffer
	exited                  chan struct{}
	exitErr                 error
}

// startServe starts `ttlog serve` on free ports and waits until it is ready.
func startServe(t testing.TB, data string, flags ...string) *process {
	t.Helper()
	return startServeBy(t, nil, data, flags...)
}

// startServeBy is startServe by another program, which gets the command line.
func startServeBy(t testing.TB, by []string, data string, flags ...string) *process {
	t.Helper()
	exe, err := exec.LookPath("ttlog") // testscript.Main put it on PATH
	if err != nil {
		t.Fatal(err)
	}
	args := append([]string{"serve", "--data", data}, flags...)
	for flag, free := range map[string]string{"--port": "0", "--otlp-grpc": "127.0.0.1:0", "--otlp-http": "127.0.0.1:0"} {
		if !slices.Contains(flags, flag) {
			args = append(args, flag, free)
		}
	}
	args = append(append(slices.Clip(by), exe), args...)
	p := &process{cmd: exec.Command(args[0], args[1:]...), stderr: new(lockedBuffer), exited: make(chan struct{})}
	p.cmd.Stderr = p.stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	line, readErr := bufio.NewReader(out).ReadString('\n')
	go func() {
		_, _ = io.Copy(io.Discard, out)
		p.exitErr = p.cmd.Wait()
		close(p.exited)
	}()
	if readErr != nil {
		<-p.exited
		t.Fatalf("ttlog serve ended before it was ready: %v\n%s", p.exitErr, p.stderr)
	}
	for word := range strings.FieldsSeq(line) {
		name, value, _ := strings.Cut(word, "=")
		switch name {
		case "http":
			p.api = value
		case "otlp-http":
			p.otlpHTTP = value
		case "otlp-grpc":
			p.otlpGRPC = value
		}
	}
	return p
}

// kill ends the process as `kill -9` does.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.exited
}

// stop ends the process with SIGTERM and expects it to exit with 0.
func (p *process) stop(t testing.TB) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.exited:
	case <-time.After(time.Minute):
		t.Fatalf("ttlog serve did not stop\n%s", p.stderr)
	}
	if p.exitErr != nil {
		t.Fatalf("ttlog serve: %v\n%s", p.exitErr, p.stderr)
	}
}

// query runs SQL on the server and returns the rows.
func (p *process) query(t testing.TB, sql string) [][]any {
	t.Helper()
	resp, err := http.Post(p.api+"/api/v1/query", "text/plain", strings.NewReader(sql))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s\n%s", sql, resp.Status, body)
	}
	var doc struct{ Rows [][]any }
	if err := json.Unmarshal(body, &doc); err != nil {
		t.Fatalf("%s: %v\n%s", sql, err, body)
	}
	return doc.Rows
}

// waitForCount waits until the table holds n rows: what was acknowledged is in
// the ring, and becomes visible to queries a moment later.
func (p *process) waitForCount(t testing.TB, table string, n int) {
	t.Helper()
	var got any
	for range 12000 {
		if got = p.query(t, "SELECT count(*) FROM "+table)[0][0]; got == float64(n) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%s holds %v rows, want %d", table, got, n)
}

// lockedBuffer is a buffer for a process to write to while a test reads it.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer // guarded by mu
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
