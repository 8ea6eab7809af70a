package queryapi_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/ttlog/ttlog/queryapi"
)

// TestTail_EndsWithItsServer shuts down the server of an application while
// tails are open, over either version of HTTP.
func TestTail_EndsWithItsServer(t *testing.T) {
	for _, version := range []string{"HTTP/1.1", "HTTP/2.0"} {
		t.Run(version, func(t *testing.T) {
			srv, _ := serve(t, queryapi.Options{})
			var protocols http.Protocols
			protocols.SetHTTP1(true)
			protocols.SetUnencryptedHTTP2(true)
			srv.Config.Protocols = &protocols
			if version == "HTTP/2.0" {
				protocols.SetHTTP1(false)
			}
			transport := &http.Transport{Protocols: &protocols}
			defer transport.CloseIdleConnections()
			for range 2 {
				req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+"/api/v1/tail", http.NoBody)
				if err != nil {
					t.Fatal(err)
				}
				resp, err := (&http.Client{Transport: transport}).Do(req)
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Body.Close()
				tail := bufio.NewReader(resp.Body)
				if line, err := tail.ReadString('\n'); err != nil || line != ": listening\n" || resp.Proto != version {
					t.Fatalf("%s: %q, %v", resp.Proto, line, err)
				}
				defer func() {
					if _, err := io.Copy(io.Discard, tail); err != nil {
						t.Errorf("the tail breaks off: %v", err)
					}
				}()
			}
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			if err := srv.Config.Shutdown(ctx); err != nil {
				t.Errorf("the server waits for its tails: %v", err)
				srv.CloseClientConnections()
			}
		})
	}
}
