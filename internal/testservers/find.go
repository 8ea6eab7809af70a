package testservers

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
	"testing"
)

// folders are where servers are kept outside of PATH; scripts/setup-test-deps
// looks in the same ones.
var folders = []string{"/usr/sbin", "/usr/local/sbin", "/usr/lib/postgresql/*/bin", "/opt/homebrew/bin", "/usr/local/opt/*/bin"}

// Chromium returns the path of a Chromium or Chrome.
func Chromium(t testing.TB) string {
	t.Helper()
	return need(t, "Chromium", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
}

// Promtool returns the path of Prometheus' promtool, which checks metrics and
// alert rules.
func Promtool(t testing.TB) string {
	t.Helper()
	return need(t, "promtool", "promtool")
}

// need returns the path of the first program of names that there is; without
// one it ends the test.
func need(t testing.TB, server string, names ...string) string {
	t.Helper()
	if path := find(names...); path != "" {
		return path
	}
	missing(t, server+" is not installed ("+strings.Join(names, ", ")+" not found; scripts/setup-test-deps installs it)")
	return ""
}

// missing skips the test, or fails it where everything must be there.
func missing(t testing.TB, reason string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(reason)
	}
	t.Skip(reason)
}

func find(names ...string) string {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
		if runtime.GOOS == "windows" {
			continue
		}
		for _, folder := range folders {
			paths, _ := filepath.Glob(filepath.Join(folder, name))
			sort.Sort(sort.Reverse(sort.StringSlice(paths))) // the newest version
			for _, path := range paths {
				if info, err := os.Stat(path); err == nil && info.Mode()&0o111 != 0 {
					return path
				}
			}
		}
	}
	return ""
}
