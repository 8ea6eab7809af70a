package ttlog_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel"

	"github.com/ttlog/ttlog"
)

// sizeBelow returns what all files below dir have together.
func sizeBelow(t *testing.T, dir string) (bytes int64) {
	t.Helper()
	err := filepath.Walk(dir, func(_ string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().IsRegular() {
			bytes += info.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return bytes
}

// TestSettings_OfTheEnvironment: a directory, its ring and a collector come from
// the environment, as the daemon has them; what is said in code wins.
func TestSettings_OfTheEnvironment(t *testing.T) {
	dir, inCode := filepath.Join(t.TempDir(), "env"), filepath.Join(t.TempDir(), "code")
	t.Setenv("TTLOG_DATA", dir)
	t.Setenv("TTLOG_RING_SIZE", "2MiB")
	t.Setenv("TTLOG_MAX_DISK", "50%")
	t.Setenv("TTLOG_RETENTION", "7d")
	t.Setenv("TTLOG_MEMORY", "48MiB")
	t.Setenv("TTLOG_MIN_FREE", "1%")
	t.Setenv("TTLOG_SPILL_MAX", "100MB")
	t.Setenv("TTLOG_FORWARD", "http://127.0.0.1:1, grpc://127.0.0.1:2")
	ring := func(dir string, want int64) {
		t.Helper()
		info, err := os.Stat(filepath.Join(dir, "ring", "ring.ttring"))
		if err != nil || info.Size() != want+1<<20+4096 {
			t.Errorf("%s: %v %v", dir, info, err)
		}
	}
	queues := func(dir string) int {
		t.Helper()
		found, err := filepath.Glob(filepath.Join(dir, "ring", "spill-*", "collector"))
		if err != nil {
			t.Fatal(err)
		}
		return len(found)
	}
	start(t, ttlog.WithService("env"))()
	ring(dir, 2<<20)
	if n := queues(dir); n != 2 {
		t.Errorf("%d collectors, want those of the environment", n)
	}
	start(t, ttlog.WithDataDir(inCode), ttlog.WithRingSize(4<<20), ttlog.WithForward("http://127.0.0.1:3"))()
	ring(inCode, 4<<20)
	if n := queues(inCode); n != 1 {
		t.Errorf("%d collectors, want that of the code", n)
	}
}

// TestSettings_NotUnderstood: a value that cannot be read is told of and
// ignored, as one of OpenTelemetry's is.
func TestSettings_NotUnderstood(t *testing.T) {
	env := map[string]string{
		"TTLOG_RING_SIZE": "64", "TTLOG_MAX_DISK": "much", "TTLOG_RETENTION": "7", "TTLOG_MEMORY": "1MiB",
		"TTLOG_MIN_FREE": "-1", "TTLOG_SPILL_MAX": "101%", "TTLOG_FORWARD": "http://u:secret@a/%zz,http://b",
	}
	w := startWith(t, env)
	for name := range env {
		if !w.about(name) {
			t.Errorf("%s is not told of: %v", name, w.errors)
		}
	}
	if w.about("secret") {
		t.Error("a password is shown")
	}
}

// TestSettings_LimitTooSmall: Start says what works, and has touched nothing.
func TestSettings_LimitTooSmall(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	before := otel.GetTracerProvider()
	_, err := ttlog.Start(t.Context(), ttlog.WithDataDir(dir), ttlog.WithMaxDisk(10))
	if err == nil || !strings.Contains(err.Error(), "ttlog.WithMaxDisk: 10 bytes is too little") || !strings.Contains(err.Error(), "did you mean 10GiB?") {
		t.Errorf("got %v", err)
	}
	t.Setenv("TTLOG_MAX_DISK", "5MB")
	if _, err = ttlog.Start(t.Context(), ttlog.WithDataDir(dir)); err == nil || !strings.Contains(err.Error(), "TTLOG_MAX_DISK: 4.8MiB is too little") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) || otel.GetTracerProvider() != before {
		t.Errorf("something was changed: %v", err)
	}
	start(t, ttlog.WithDataDir(dir), ttlog.WithMaxDisk(0))() // none
}

// TestStart_SmallFootprint: an application that says nothing of the disk takes
// little of it, and loses nothing at 2,500 spans a second.
func TestStart_SmallFootprint(t *testing.T) {
	dir := t.TempDir()
	start(t, ttlog.WithDataDir(dir))
	if size := sizeBelow(t, dir); size > 18<<20 {
		t.Errorf("a fresh directory takes %d bytes", size)
	}
	tracer := otel.Tracer("app")
	const n = 5000
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for i := range n {
		if i%25 == 0 {
			<-tick.C
		}
		_, span := tracer.Start(t.Context(), "work")
		span.End()
	}
	eventually(t, "SELECT count(*) FROM spans", [][]any{{float64(n)}})
}
