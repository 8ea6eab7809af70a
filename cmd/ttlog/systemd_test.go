//go:build linux

package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestServe_NotifiesSystemd reads what a service manager gets: that it is ready
// once it answers, that it is alive, and that it stops.
func TestServe_NotifiesSystemd(t *testing.T) {
	dir, err := os.MkdirTemp("", "") //nolint:usetesting // the path of a socket is short, and that of t.TempDir is not
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	socket := filepath.Join(dir, "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	next := func() string {
		buf := make([]byte, 4<<10)
		if err := conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		n, err := conn.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		return string(buf[:n])
	}
	t.Setenv("NOTIFY_SOCKET", socket)
	t.Setenv("WATCHDOG_USEC", "3000000")
	p := startServe(t, filepath.Join(t.TempDir(), "data"))
	if s := next(); !strings.HasPrefix(s, "READY=1\nSTATUS=ttlog ready: http="+p.api) {
		t.Errorf("got %q, want that it is ready, and where", s)
	}
	for range 3 {
		if s := next(); s != "WATCHDOG=1" {
			t.Errorf("got %q, want that it is alive", s)
		}
	}
	p.stop(t)
	for s := next(); !strings.HasPrefix(s, "STOPPING=1\n"); s = next() {
		if s != "WATCHDOG=1" {
			t.Errorf("got %q, want that it stops", s)
		}
	}
}

// TestUnit has systemd read the unit, where it is installed.
func TestUnit(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not installed")
	}
	unit, err := os.ReadFile("../../deploy/ttlog.service")
	if err != nil {
		t.Fatal(err)
	}
	// The program that it starts has to exist.
	exe, err := exec.LookPath("ttlog")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ttlog.service")
	text := strings.ReplaceAll(string(unit), "/usr/local/bin/ttlog", exe)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(analyze, "verify", "--man=no", file).CombinedOutput(); err != nil {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
	out, err := exec.Command(analyze, "security", "--offline=yes", "--threshold=20", file).CombinedOutput()
	if err != nil {
		t.Errorf("systemd-analyze security: %v\n%s", err, out)
	}
}
