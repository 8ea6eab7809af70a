package receiver_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/ttlog/ttlog/internal/capturetest"
	"github.com/ttlog/ttlog/receiver"
	"github.com/ttlog/ttlog/ringbuffer"
)

// BenchmarkReceive measures what a request costs beside the connection.
func BenchmarkReceive(b *testing.B) {
	ring, err := ringbuffer.New(1 << 24)
	if err != nil {
		b.Fatal(err)
	}
	rd, err := ring.Reader("bench")
	if err != nil {
		b.Fatal(err)
	}
	handler := receiver.New(ring, receiver.Options{}).HTTPHandler()
	request := capturetest.Messages(b, "hotrod.traces.binpb.zst", 1)[0]
	b.SetBytes(int64(len(request)))
	b.ReportAllocs()
	for b.Loop() {
		req := httptest.NewRequest(http.MethodPost, "/v1/traces", bytes.NewReader(request))
		req.Header.Set("Content-Type", protobuf)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, req)
		if w.Code != http.StatusOK {
			b.Fatal(w.Body)
		}
		r, _ := rd.Next()
		rd.Release(r.End)
	}
}
