package datadir

import (
	"bytes"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/ttlog/ttlog/internal/quantity"
)

// smallDisk returns a directory on a file system of 20 MiB.
func smallDisk(t *testing.T) string {
	t.Helper()
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		t.Skip("mounting takes Linux and root")
	}
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("mount: %v %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v %s", err, out)
		}
	})
	return dir
}

func watched(t *testing.T, dir string, o Options) *disk {
	t.Helper()
	now, err := spaceOf(dir)
	if err != nil {
		t.Fatal(err)
	}
	return newDisk(dir, o, now, 0)
}

// TestDisk_ShareCountsOthers: a share is of the file system, and others use it
// as well; a tenth of it is the store's in any case.
func TestDisk_ShareCountsOthers(t *testing.T) {
	dir := smallDisk(t)
	d := watched(t, dir, Options{MaxDisk: quantity.Size{Share: 0.8}, Logger: slog.New(slog.DiscardHandler)})
	use := func(name string, bytes int) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), make([]byte, bytes), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want := func(held, limit int64) {
		t.Helper()
		if got := d.partsLimit(held); got < limit-64<<10 || got > limit+64<<10 {
			t.Errorf("with %d bytes of its own the store may take %d, want about %d", held, got, limit)
		}
	}
	want(0, 16<<20)
	use("parts", 4<<20)
	want(4<<20, 16<<20)
	use("others", 10<<20)
	want(4<<20, 6<<20)
	use("others", 15<<20)
	want(4<<20, 16<<20/10)
}

// TestDisk_RoomComesAndGoes, and is said when it does.
func TestDisk_RoomComesAndGoes(t *testing.T) {
	dir := smallDisk(t)
	var log bytes.Buffer
	d := watched(t, dir, Options{Reserve: quantity.OfBytes(4 << 20), Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err := d.room(); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "others")
	for range 3 {
		if err := os.WriteFile(name, make([]byte, 17<<20), 0o600); err != nil {
			t.Fatal(err)
		}
		d.look()
		if err := d.room(); err == nil || !strings.Contains(err.Error(), "the disk is full: 3 MiB of 20 are free, and 4 are kept free") {
			t.Errorf("got %v", err)
		}
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
		d.look()
		if err := d.room(); err != nil {
			t.Error(err)
		}
	}
	if n, m := strings.Count(log.String(), "refused"), strings.Count(log.String(), "room on the disk again"); n != 3 || m != 3 {
		t.Errorf("%d and %d lines:\n%s", n, m, &log)
	}
}
