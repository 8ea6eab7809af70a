package receiver_test

import (
	"bytes"
	"encoding/binary"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/receiver"
	"github.com/ttlog/ttlog/ringbuffer"
)

// fuzzed are the encodings that fuzz targets use, by number.
var fuzzed = []string{"", "gzip", "zstd", "deflate", "snappy", "lz4"}

// FuzzHTTPBody sends arbitrary bodies: no panic, nothing stored unless
// acknowledged, and what is stored is valid.
func FuzzHTTPBody(f *testing.F) {
	for _, m := range requests(2) {
		j, err := m.MarshalJSON()
		if err != nil {
			f.Fatal(err)
		}
		for i, enc := range fuzzed {
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
	handler := receiver.New(ring, receiver.Options{MaxBodyBytes: 1 << 16, FullWait: -1, DedupWindow: -1}).HTTPHandler()
	f.Fuzz(func(t *testing.T, encoding uint8, asJSON bool, body []byte) {
		for _, s := range []otlpwire.Signal{otlpwire.Traces, otlpwire.Logs, otlpwire.Metrics} {
			req := httptest.NewRequest(http.MethodPost, "/v1/"+s.String(), bytes.NewReader(body))
			req.Header.Set("Content-Type", protobuf)
			if asJSON {
				req.Header.Set("Content-Type", jsonType)
			}
			if enc := fuzzed[int(encoding)%len(fuzzed)]; enc != "" {
				req.Header.Set("Content-Encoding", enc)
			}
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, req)
			if w.Code != 200 && w.Code != 400 && w.Code != 413 {
				t.Errorf("answer %d: %s", w.Code, w.Body)
			}
			checkStored(t, rd, s, w.Code == 200)
		}
	})
}

// FuzzGRPCBody does the same with the bodies of gRPC calls.
func FuzzGRPCBody(f *testing.F) {
	for _, m := range requests(2) {
		for i, enc := range fuzzed {
			body := compress(f, enc, proto(f, m))
			head := binary.BigEndian.AppendUint32([]byte{byte(min(i, 1))}, uint32(len(body)))
			f.Add(uint8(i), append(head, body...))
		}
	}
	ring, err := ringbuffer.New(1 << 22)
	if err != nil {
		f.Fatal(err)
	}
	rd, err := ring.Reader("fuzz")
	if err != nil {
		f.Fatal(err)
	}
	recv := receiver.New(ring, receiver.Options{MaxBodyBytes: 1 << 16, FullWait: -1, DedupWindow: -1})
	handler := recv.GRPCHandler()
	f.Fuzz(func(t *testing.T, encoding uint8, body []byte) {
		for path, s := range map[string]otlpwire.Signal{"trace.v1.Trace": otlpwire.Traces, "logs.v1.Logs": otlpwire.Logs, "metrics.v1.Metrics": otlpwire.Metrics} {
			req := httptest.NewRequest(http.MethodPost, "/opentelemetry.proto.collector."+path+"Service/Export", bytes.NewReader(body))
			req.ProtoMajor, req.ProtoMinor = 2, 0
			req.Header.Set("Content-Type", "application/grpc")
			req.Header.Set("Grpc-Encoding", fuzzed[int(encoding)%len(fuzzed)])
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, req)
			code := w.Header().Get(http.TrailerPrefix + "Grpc-Status")
			if code != "0" && code != "3" && code != "8" && code != "12" {
				t.Errorf("status %q", code)
			}
			checkStored(t, rd, s, code == "0")
			if n := recv.Stats().InFlightBytes; n != 0 {
				t.Errorf("%d bytes in flight", n)
			}
		}
	})
}

// checkStored takes what was stored: valid requests, if the last one was
// acknowledged.
func checkStored(t *testing.T, rd *ringbuffer.Reader, s otlpwire.Signal, acknowledged bool) {
	t.Helper()
	for {
		r, ok := rd.Next()
		if !ok {
			return
		}
		if !acknowledged {
			t.Error("stored without an acknowledgement")
		}
		if found, err := otlpwire.Inspect(s, r.Data, otlpwire.Limits{}); err != nil || !found.Sound() {
			t.Errorf("stored: %+v, %v", found, err)
		}
		rd.Release(r.End)
	}
}
