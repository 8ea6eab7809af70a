// Package capturetest finds the captured telemetry that tests and figures use:
// in the folder that TTLOG_CAPTURES names, or in shared/data beside the clone.
package capturetest

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/ttlog/ttlog/internal/otlpfile"
)

// Find returns the absolute path of a captured file, "" where it is absent.
func Find(name string) string {
	dirs := []string{os.Getenv("TTLOG_CAPTURES")}
	// The clone is some folders up: tests run in their package's folder.
	for dir, err := os.Getwd(); err == nil && dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		dirs = append(dirs, filepath.Join(dir, "shared", "data"))
	}
	for _, dir := range dirs {
		if dir == "" {
			continue
		}
		path, err := filepath.Abs(filepath.Join(dir, name))
		if err != nil {
			continue
		}
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return ""
}

// Path returns the path of a captured file and skips the test where it is
// absent.
func Path(tb testing.TB, name string) string {
	tb.Helper()
	path := Find(name)
	if path == "" {
		tb.Skipf("%s is neither in $TTLOG_CAPTURES nor in ../shared/data", name)
	}
	return path
}

// Messages returns the requests in a captured file, at most limit where that
// is above 0. It skips the test where the file is absent.
func Messages(tb testing.TB, name string, limit int) [][]byte {
	tb.Helper()
	r, err := otlpfile.Open(Path(tb, name), 0)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	var out [][]byte
	for limit <= 0 || len(out) < limit {
		msg, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			tb.Fatal(err)
		}
		out = append(out, append([]byte(nil), msg...)) // the reader reuses its slice
	}
	return out
}
