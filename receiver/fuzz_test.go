package receiver_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/receiver"
	"github.com/ttlog/ttlog/ringbuffer"
)

// FuzzHTTPBody sends arbitrary bodies: no panic, nothing stored unless
// acknowledged, and what is stored is valid.
func FuzzHTTPBody(f *testing.F) {
	for _, m := range requests(2) {
		j, err := m.MarshalJSON()
		if err != nil {
			f.Fatal(err)
		}
		for i, enc := range []string{"", "gzip", "zstd"} {
			f.Add(uint8(i), false, compress(f, enc, proto(f, m)))
			f.Add(uint8(i), true, compress(f, enc, j))
		}
	}
	f.Add(uint8(0), true, []byte(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"kvlistValue":{"values":[{"key":"a","value":{"arrayValue":{}}}]}}}]}]}]}`))
	ring, err := ringbuffer.New(1 << 22)
	if err != nil {
		f.Fatal(err)
	}
	rd, err := ring.Reader("fuzz")
	if err != nil {
		f.Fatal(err)
	}
	handler := receiver.New(ring, receiver.Options{MaxBodyBytes: 1 << 16, FullWait: -1}).HTTPHandler()
	f.Fuzz(func(t *testing.T, encoding uint8, asJSON bool, body []byte) {
		for _, s := range []otlpwire.Signal{otlpwire.Traces, otlpwire.Logs, otlpwire.Metrics} {
			req := httptest.NewRequest(http.MethodPost, "/v1/"+s.String(), bytes.NewReader(body))
			req.Header.Set("Content-Type", protobuf)
			if asJSON {
				req.Header.Set("Content-Type", jsonType)
			}
			if enc := []string{"", "gzip", "zstd"}[encoding%3]; enc != "" {
				req.Header.Set("Content-Encoding", enc)
			}
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, req)
			if w.Code != 200 && w.Code != 400 && w.Code != 413 {
				t.Errorf("answer %d: %s", w.Code, w.Body)
			}
			for {
				r, ok := rd.Next()
				if !ok {
					break
				}
				if w.Code != 200 {
					t.Errorf("stored though answered %d", w.Code)
				}
				if _, err := otlpwire.Validate(s, r.Data); err != nil {
					t.Errorf("stored: %v", err)
				}
				rd.Release(r.End)
			}
		}
	})
}
