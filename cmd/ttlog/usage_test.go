package main

import (
	"bytes"
	"errors"
	"io"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestExitCodes: 0 done, 1 failed, 64 wrong usage; and what cannot begin leaves
// nothing behind in the directory where it was called.
func TestExitCodes(t *testing.T) {
	dir := t.TempDir()
	odd := filepath.Join(t.TempDir(), "odd.logs.json")
	if err := os.WriteFile(odd, []byte("{\"resourceLogs\":[{\x1b[31m]}]}"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args   string
		code   int
		stderr string
	}{
		{"version", 0, ""},
		{"--help", 0, ""},
		{"frobnicate", 64, "unknown command"},
		{"--version", 0, ""},
		{"query", 64, "takes the SQL as one argument"},
		{"query SELECT 1", 64, "Run 'ttlog query --help'"},
		{"query --server http://127.0.0.1:1 --data . x", 64, "--server and --data exclude each other"},
		{"query --format xml x", 64, "--format"},
		{"query --server here x", 64, "--server"},
		{"query --server http://127.0.0.1:1 x", 1, "is ttlog serve running there?"},
		{"check", 64, "takes one directory"},
		{"check nowhere", 1, "nowhere"},
		{"serve --port 70000", 64, "--port"},
		{"serve --forward collector", 64, "--forward: otlp"},
		{"serve --forward http://a,http://a", 64, "named twice"},
		{"serve --max-disk 10", 64, "--max-disk: 10 bytes is too little: a data directory needs 10MiB at least"},
		{"serve --max-disk 10", 64, "did you mean 10GiB?"},
		{"serve --max-disk 9MiB", 64, "needs 10MiB at least, since its ring takes 5MiB"},
		{"serve --max-disk 20MiB --ring-size 64MiB", 64, "needs 130MiB at least, since its ring takes 65MiB"},
		{"serve --max-disk 0.000001%", 64, "of the file system is"},
		{"serve --min-free much", 64, `--min-free: "much" is no size`},
		{"serve --spill-max 200%", 64, "--spill-max: "},
		{"spill drop", 64, "drop takes names, or --unused"},
		{"spill list --data nowhere", 1, "nowhere"},
		{"import", 64, "takes one file or more"},
		{"import what.bin", 64, "not told by the file name"},
		{"import -", 64, "with --signal"},
		{"import --server http://127.0.0.1:1 --data . x.logs.json", 64, "exclude each other"},
		{"import gone.traces.json", 1, "no such file"},
		{"import --signal x -", 64, "--signal"},
		{"import --data " + t.TempDir() + " " + odd, 1, "/resourceLogs/0"},
		{"serve --cors-origin app.example.com", 64, "is no origin"},
		{"serve --cors-origin https://app.example.com/", 64, "is no origin"},
	} {
		cmd := exec.Command("ttlog", strings.Fields(c.args)...)
		cmd.Dir = dir
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
			t.Fatal(err)
		}
		if code := cmd.ProcessState.ExitCode(); code != c.code || !strings.Contains(stderr.String(), c.stderr) {
			t.Errorf("ttlog %s: exit code %d, %q; want %d, %q", c.args, code, stderr.String(), c.code, c.stderr)
		}
		if strings.ContainsRune(stderr.String(), 0x1b) {
			t.Errorf("ttlog %s: an escape character reaches the terminal: %q", c.args, stderr.String())
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestServe_ForwardFromTheEnvironment has a list there.
func TestServe_ForwardFromTheEnvironment(t *testing.T) {
	t.Setenv("TTLOG_FORWARD", "http://127.0.0.1:1,grpc://127.0.0.1:2")
	p := startServe(t, filepath.Join(t.TempDir(), "data"))
	if sinks := p.status(t).Sinks; len(sinks) != 3 {
		t.Errorf("got %v, want the store and two collectors", sinks)
	}
}

// TestServe_ASecondSignalEndsAtOnce while the first one waits for a client.
func TestServe_ASecondSignalEndsAtOnce(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	p := startServe(t, data)
	p.sendNumbered(t, "app", 0, 3)
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.otlpHTTP, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-protobuf\r\nContent-Length: 1000\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	for running := true; running; {
		_ = p.cmd.Process.Signal(syscall.SIGTERM) // an error says that it has ended
		select {
		case <-p.exited:
			running = false
		case <-time.After(10 * time.Millisecond):
		}
	}
	if exit, ok := errors.AsType[*exec.ExitError](p.exitErr); !ok || exit.Exited() {
		t.Errorf("got %v, want the end by the signal", p.exitErr)
	}
	p = startServe(t, data)
	p.waitForNumbered(t, "app", 3)
}

// TestImport_EndsBySignal says which signal ended it, whether something comes on
// its standard input or nothing.
func TestImport_EndsBySignal(t *testing.T) {
	t.Run("nothing comes", func(t *testing.T) { importUntilSignal(t, 1) })
	t.Run("more and more comes", func(t *testing.T) { importUntilSignal(t, math.MaxInt) })
}

// importUntilSignal gives ttlog import so many records before it stops it.
func importUntilSignal(t *testing.T, records int) {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data")
	cmd := exec.Command("ttlog", "import", "--data", data, "--signal", "logs", "-")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// Whether the last one is read before the signal is not told.
	go func() {
		for range records {
			if _, err := io.WriteString(stdin, `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{}]}]}]}`+"\n"); err != nil {
				return // it has ended
			}
		}
	}()
	await(t, "the directory is locked", func() bool {
		_, err := os.Stat(filepath.Join(data, "LOCK"))
		return err == nil
	})
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != exitFailed || !strings.Contains(stderr.String(), "terminated") {
		t.Errorf("exit code %d, %q", code, stderr.String())
	}
	if out, errs, code := run(t, "check", data); code != 0 {
		t.Errorf("check: %s%s", out, errs)
	}
}
