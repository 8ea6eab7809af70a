//go:build unix

package ringbuffer

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if os.Getenv(killChildEnv) != "" {
		killChild()
		return
	}
	goleak.VerifyTestMain(m)
}

// mustNew returns a ring in memory that the test's end closes.
func mustNew(t testing.TB, size int) *Ring {
	t.Helper()
	r, err := New(size)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mustClose(t, r) })
	return r
}

// mustOpen opens a ring file that the test's end closes.
func mustOpen(t testing.TB, path string, o Options) *Ring {
	t.Helper()
	r, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mustClose(t, r) })
	return r
}

func mustClose(t testing.TB, r *Ring) {
	t.Helper()
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

func mustReader(t testing.TB, r *Ring, name string) *Reader {
	t.Helper()
	rd, err := r.Reader(name)
	if err != nil {
		t.Fatal(err)
	}
	return rd
}

func mustWrite(t testing.TB, r *Ring, payload string) (end uint64) {
	t.Helper()
	end, err := r.Write(4, []byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	return end
}

// readAll reads what there is and returns the payloads.
func readAll(rd *Reader) (got []string) {
	for rec, ok := rd.Next(); ok; rec, ok = rd.Next() {
		got = append(got, string(rec.Data))
	}
	return got
}

// crashed returns the path of a copy of the file, as it would be found if the
// process had been killed now.
func crashed(t testing.TB, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return writeRing(t, b)
}

func writeRing(t testing.TB, b []byte) string {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "ring*")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return f.Name()
}

func ringPath(t testing.TB) string { return filepath.Join(t.TempDir(), "ring") }

// quiet are options for small files without background syncs.
func quiet(size int64) Options {
	return Options{Size: size, CatalogSize: 4096, SyncInterval: -time.Second}
}

// memoryDir is a temporary directory, in memory where there is one: for tests
// that open thousands of rings, each of which syncs.
func memoryDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "ring") //nolint:usetesting // the file system matters
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}
