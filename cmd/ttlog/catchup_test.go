package main

import (
	"bytes"
	"fmt"
	"net/http"
	"testing"
)

// TestServe_ShowsWhatItAcknowledged counts right after each acknowledgement,
// over each of the calls.
func TestServe_ShowsWhatItAcknowledged(t *testing.T) {
	p := startServe(t, t.TempDir())
	trace := [16]byte{0xcc, 15: 1}
	const rounds, spans = 30, 200
	for i := range rounds {
		resp, err := http.Post(p.otlpHTTP+"/v1/traces", "application/x-protobuf", bytes.NewReader(soakRequest(i*spans, spans, trace)))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("OTLP: %s", resp.Status)
		}
		want := (i + 1) * spans
		switch i % 3 {
		case 0:
			if got := p.query(t, "SELECT count(*) FROM spans")[0][0]; got != float64(want) {
				t.Fatalf("round %d: %v spans, want %d", i, got, want)
			}
		case 1:
			_, body := get(t, fmt.Sprintf("%s/api/v1/traces/%x", p.api, trace))
			if got := bytes.Count(body, []byte(`"spanId"`)); got != want {
				t.Fatalf("round %d: the trace has %d spans, want %d", i, got, want)
			}
		case 2:
			// A service that nobody has sent before.
			_, body := get(t, p.api+"/api/v1/services")
			if name := fmt.Sprintf(`"soak-%d"`, i*spans%7); !bytes.Contains(body, []byte(name)) {
				t.Fatalf("round %d: %s is missing in %s", i, name, body)
			}
		}
	}
	p.stop(t)
}
