package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	grpcstatus "google.golang.org/grpc/status"
)

// smallDisk returns a directory on a file system of that size, where one can be
// mounted.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		t.Skip("mounting takes Linux and root")
	}
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size="+size, "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("mount: %v %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v %s", err, out)
		}
	})
	return dir
}

// ballast fills the file system of dir but for what is to be left.
func ballast(t *testing.T, dir string, left int64) (remove func()) {
	t.Helper()
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "ballast")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	chunk := make([]byte, 4096)
	for n := int64(st.Bavail)*st.Bsize - left; n > 0; n -= int64(len(chunk)) {
		if _, err := f.Write(chunk); err != nil {
			break // full
		}
	}
	return func() {
		if err := os.Remove(name); err != nil {
			t.Error(err)
		}
	}
}

// ask returns the status code and the text of an answer.
func ask(t *testing.T, url string) (int, string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// offer posts the i-th padded request, and says what became of it.
func (p *process) offer(t *testing.T, i int) (int, string) {
	t.Helper()
	body, err := padded(i).MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(p.otlpHTTP+"/v1/traces", "application/x-protobuf", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// TestDisk_Full fills a real file system under a daemon: with a reserve, and
// without one, when the ring fills up for want of room for parts. It says that
// the disk is full, and goes on by itself when there is room.
func TestDisk_Full(t *testing.T) {
	for _, tt := range []struct {
		name, minFree string
		left          int64
	}{
		{"reserve", "4MiB", 3 << 20},
		{"no reserve", "0", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := smallDisk(t, "24m")
			data := filepath.Join(dir, "data")
			p := startServe(t, data, "--ring-size", "1MiB", "--min-free", tt.minFree, "--max-disk", "0") // nothing stored goes to make room
			taken := 0
			for ; taken < 5; taken++ {
				if code, text := p.offer(t, taken); code != 200 {
					t.Fatal(code, text)
				}
			}
			await(t, "ready", func() bool { code, _ := ask(t, p.api+"/readyz"); return code == 200 })

			remove := ballast(t, dir, tt.left)
			var text string
			await(t, "a refusal", func() bool {
				var code int
				if code, text = p.offer(t, taken); code == 200 {
					taken++
				}
				return code == http.StatusTooManyRequests && strings.Contains(text, "the disk is full")
			})
			conn, err := grpc.NewClient("passthrough:///"+p.otlpGRPC, grpc.WithTransportCredentials(insecure.NewCredentials()))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_, err = ptraceotlp.NewGRPCClient(conn).Export(t.Context(), padded(taken))
			if st := grpcstatus.Convert(err); st.Code() != codes.ResourceExhausted || !strings.Contains(st.Message(), "the disk is full") || len(st.Details()) != 1 {
				t.Errorf("gRPC: %v", err)
			}
			if code, text := ask(t, p.api+"/readyz"); code != 503 || !strings.Contains(text, "the disk is full") {
				t.Errorf("readyz: %d %s", code, text)
			}
			if code, text := ask(t, p.api+"/healthz"); code != 200 {
				t.Errorf("healthz: %d %s", code, text)
			}
			if _, text := ask(t, p.api+"/metrics"); !strings.Contains(text, "ttlog_ready 0") {
				t.Error("the metrics do not say that it is not ready")
			}
			p.waitForCount(t, "spans", taken) // what was acknowledged is seen

			remove()
			await(t, "taken again", func() bool { code, _ := p.offer(t, taken); return code == 200 })
			taken++
			await(t, "ready again", func() bool { code, _ := ask(t, p.api+"/readyz"); return code == 200 })
			p.stop(t)
			out, errs, code := run(t, "query", "--data", data, "--format", "csv", "SELECT count(*) AS n, count(DISTINCT span_id) AS ids FROM spans")
			if want := fmt.Sprintf("n,ids\n%d,%[1]d\n", taken); code != 0 || out != want {
				t.Errorf("exit %d\n%s%s\nwant %s", code, out, errs, want)
			}
			if out, _, code := run(t, "check", data); code != 0 {
				t.Errorf("check: exit %d\n%s", code, out)
			}
		})
	}
}

// TestDisk_ReserveIsForWhatWasTaken: while new telemetry is refused, what was
// acknowledged before becomes durable.
func TestDisk_ReserveIsForWhatWasTaken(t *testing.T) {
	dir := smallDisk(t, "24m")
	data := filepath.Join(dir, "data")
	p := startServe(t, data, "--ring-size", "1MiB", "--min-free", "4MiB")
	const taken = 8
	for i := range taken {
		if code, text := p.offer(t, i); code != 200 {
			t.Fatal(code, text)
		}
	}
	ballast(t, dir, 3<<20)
	p.stop(t)
	out, _, code := run(t, "query", "--data", data, "--format", "csv", "SELECT count(*) AS n FROM spans")
	if code != 0 || out != fmt.Sprintf("n\n%d\n", taken) {
		t.Errorf("exit %d: %s", code, out)
	}
	if st := startServe(t, data, "--min-free", "4MiB").status(t); st.Store.Signals["traces"].Rows != taken {
		t.Errorf("%d rows in parts, want %d", st.Store.Signals["traces"].Rows, taken)
	}
}

// TestServe_SIGHUP: a closed terminal drains as SIGTERM does; under nohup
// nothing happens.
func TestServe_SIGHUP(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	p := startServe(t, data)
	p.sendNumbered(t, "app", 0, 3)
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	<-p.exited
	if p.exitErr != nil {
		t.Errorf("after SIGHUP: %v\n%s", p.exitErr, p.stderr)
	}
	report, err := checkUntil(t.Context(), data)
	if err != nil || report.Rows != 9 || report.RingRecords != 0 {
		t.Errorf("%+v %v, want all rows in parts", report, err)
	}

	signal.Ignore(syscall.SIGHUP)
	p = startServe(t, data)
	signal.Reset(syscall.SIGHUP)
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	p.sendNumbered(t, "app", 3, 4) // still there
	p.stop(t)
}
