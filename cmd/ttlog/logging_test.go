package main

import (
	"encoding/json"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
)

// TestServe_LogsJSONAlone has net/http, a forwarder and the daemon itself
// complain: each line on standard error is a JSON object.
func TestServe_LogsJSONAlone(t *testing.T) {
	p := startServe(t, filepath.Join(t.TempDir(), "data"), "--log-format", "json", "--log-level", "debug",
		"--forward", "http://127.0.0.1:1", "--forward", "grpc://127.0.0.1:1")
	p.sendNumbered(t, "app", 0, 1)
	// A superfluous header of a client that speaks no HTTP/2 is a line of net/http's.
	conn, err := net.Dial("tcp", p.otlpGRPC)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"+strings.Repeat("\xff", 100)); err != nil {
		t.Fatal(err)
	}
	await(t, "both collectors are missed", func() bool {
		log := p.stderr.String()
		return strings.Contains(log, "http://127.0.0.1:1") && strings.Contains(log, "grpc://127.0.0.1:1")
	})
	p.stop(t)
	for line := range strings.Lines(p.stderr.String()) {
		var record struct{ Time, Level, Msg string }
		if err := json.Unmarshal([]byte(line), &record); err != nil || record.Msg == "" || record.Level == "" {
			t.Errorf("%v: %s", err, line)
		}
	}
}
