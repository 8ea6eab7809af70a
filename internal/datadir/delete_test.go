package datadir

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/internal/ringpack"
	"github.com/ttlog/ttlog/storage"
	"github.com/ttlog/ttlog/storage/column"
)

// filesWith returns the files of a directory that hold a text as it is.
func filesWith(t *testing.T, dir, text string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte(text)) {
			names = append(names, e.Name())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// TestDelete_LeavesNothing in any file of the directory, while it is open: neither
// in parts nor in the ring that the rows came through. What was deleted is audited.
func TestDelete_LeavesNothing(t *testing.T) {
	dir := t.TempDir()
	d, err := Open(dir, Options{RingBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close(t.Context())
	w := ringpack.NewWriter(d.Ring)
	for _, name := range []string{"the-secret", "another"} {
		if _, err := w.Write(otlpwire.Traces, spanNamed(name), time.Second, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Pipeline.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := d.Store.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := filesWith(t, dir, "the-secret"); len(got) < 2 {
		t.Fatalf("the test sees the span in %q, and not in a part and the ring", got)
	}
	done, err := d.Delete(t.Context(), storage.Deletion{
		ScanRequest: storage.ScanRequest{Signal: storage.Traces}, Statement: "by name", By: "the test",
		Match: func(b column.Block) (rows []uint32, err error) {
			for i := range uint32(b.Rows()) {
				data, err := b.AppendOTLP(nil, []uint32{i})
				if err != nil {
					return nil, err
				}
				if bytes.Contains(data, []byte("the-secret")) {
					rows = append(rows, i)
				}
			}
			return rows, nil
		},
	})
	if err != nil || done.Rows != 1 {
		t.Errorf("Delete: %+v, %v", done, err)
	}
	if got := filesWith(t, dir, "the-secret"); len(got) > 0 {
		t.Errorf("the span is still in %q", got)
	}
	if got := filesWith(t, dir, "another"); len(got) == 0 {
		t.Error("another span is gone")
	}
	data, err := os.ReadFile(filepath.Join(dir, "audit.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	var events []string
	for line := range bytes.Lines(data) {
		var a audited
		if err := json.Unmarshal(line, &a); err != nil || a.Statement != "by name" || a.By != "the test" || time.Since(a.Time) > time.Hour {
			t.Errorf("audited: %s, %v", line, err)
		}
		events = append(events, a.Event)
	}
	if len(events) != 2 || events[0] != "delete_begins" || events[1] != "delete_ends" {
		t.Errorf("events %q", events)
	}
}

// TestDelete_NotWithoutAudit: nothing goes that nobody can say of why.
func TestDelete_NotWithoutAudit(t *testing.T) {
	dir := t.TempDir()
	d, err := Open(dir, Options{RingBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close(t.Context())
	if err := os.Mkdir(filepath.Join(dir, "audit.ndjson"), 0o700); err != nil {
		t.Fatal(err)
	}
	match := func(column.Block) ([]uint32, error) { t.Error("it goes on"); return nil, nil }
	if _, err := d.Delete(t.Context(), storage.Deletion{ScanRequest: storage.ScanRequest{Signal: storage.Traces}, Match: match}); err == nil {
		t.Error("no error")
	}
}
