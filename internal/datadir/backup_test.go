package datadir

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/internal/ringpack"
	"github.com/ttlog/ttlog/storage"
)

// TestBackup_HasWhatIsInTheRing: what was acknowledged a moment ago is in no part,
// and in the backup all the same; so is what people keep. Restored, it is served.
func TestBackup_HasWhatIsInTheRing(t *testing.T) {
	root := t.TempDir()
	dir, dest, restored := filepath.Join(root, "data"), filepath.Join(root, "backup"), filepath.Join(root, "restored")
	o := Options{RingBytes: 1 << 20, Store: storage.Options{FlushInterval: time.Hour}}
	d, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := d.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	if err := os.MkdirAll(filepath.Join(d.Documents(), "dashboards"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(d.Documents(), "dashboards", "a.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	w := ringpack.NewWriter(d.Ring)
	write := func(from, to int) {
		t.Helper()
		for i := from; i < to; i++ {
			if _, err := w.Write(otlpwire.Traces, spanNamed("span-"+strconv.Itoa(i)), time.Second, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	write(0, 50)
	if err := d.Store.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	for round := 1; round < 4; round++ {
		write(50*round, 50*(round+1))
		if _, err := Backup(t.Context(), dir, dest); err != nil {
			t.Fatal(err)
		}
		if report, err := Check(dest); err != nil || len(report.Damage) > 0 {
			t.Fatalf("check: %+v, %v", report.Damage, err)
		}
	}
	if _, err := Restore(t.Context(), dest, restored); err != nil {
		t.Fatal(err)
	}
	r, err := Open(restored, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Pipeline.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	sc, err := r.Store.Scan(t.Context(), storage.ScanRequest{Signal: storage.Traces})
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for b, err := range sc.Blocks() {
		if err != nil {
			t.Fatal(err)
		}
		rows += b.Rows()
	}
	if err := sc.Close(); err != nil || rows != 200 {
		t.Errorf("%d rows are restored, want 200, %v", rows, err)
	}
	if err := r.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(restored, "ui", "dashboards", "a.json")); err != nil {
		t.Error(err)
	}
	for name, f := range map[string]func() error{
		"not empty":          func() error { _, err := Restore(t.Context(), dest, restored); return err },
		"inside one another": func() error { _, err := Backup(t.Context(), dir, filepath.Join(dir, "backup")); return err },
		"VERSION":            func() error { _, err := Backup(t.Context(), root, filepath.Join(t.TempDir(), "x")); return err },
	} {
		if err := f(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
