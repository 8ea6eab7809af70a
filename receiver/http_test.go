package receiver_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	pb "google.golang.org/protobuf/proto"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/receiver"
)

func TestHTTP_TakesEverySignalAndEncoding(t *testing.T) {
	f := newFixture(t, 1<<20, receiver.Options{})
	for s, m := range requests(3) {
		want := proto(t, m)
		asJSON, err := m.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		size := 0
		for _, encoding := range []string{"", "identity", "gzip", "zstd", "GZIP", "x-gzip", "deflate", "zlib", "snappy", "x-snappy-framed", "lz4"} {
			for contentType, body := range map[string][]byte{protobuf: want, jsonType + "; charset=utf-8": asJSON} {
				resp, answer := f.post(t, "/v1/"+s.String(), contentType, encoding, compress(t, strings.ToLower(encoding), body))
				if resp.StatusCode != http.StatusOK || !strings.HasPrefix(contentType, resp.Header.Get("Content-Type")) {
					t.Fatalf("%s %s %q: %s %s", s, contentType, encoding, resp.Status, answer)
				}
				if contentType == protobuf && len(answer) != 0 || contentType != protobuf && string(answer) != "{}" {
					t.Errorf("%s: answer %q is no empty response", contentType, answer)
				}
				got := f.stored()
				for _, g := range got {
					size += len(g.data)
				}
				if len(got) != 1 || got[0].kind != otlpwire.RequestKind(s) || contentType == protobuf && !bytes.Equal(got[0].data, want) || !bytes.Equal(canonical(t, s, got[0].data), want) {
					t.Errorf("%s %s %q: stored %d records, want the request", s, contentType, encoding, len(got))
				}
			}
		}
		if st := f.stats(s, receiver.HTTP); st.Requests != 22 || st.Records != 66 || st.Bytes != uint64(size) || sum(st.Refused) != 0 {
			t.Errorf("stats: %+v", st)
		}
	}
	if n := f.Stats().InFlightBytes; n != 0 {
		t.Errorf("%d bytes in flight after the last request", n)
	}
}

func TestHTTP_EmptyRequestsAreFine(t *testing.T) {
	f := newFixture(t, 1<<16, receiver.Options{})
	for contentType, body := range map[string]string{protobuf: "", jsonType: "{}"} {
		if resp, _ := f.post(t, "/v1/logs", contentType, "", []byte(body)); resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", contentType, resp.Status)
		}
	}
}

// rpcStatus reads an error answer in either encoding.
func rpcStatus(t *testing.T, resp *http.Response, body []byte) (code int, text string) {
	t.Helper()
	switch resp.Header.Get("Content-Type") {
	case jsonType:
		var st struct {
			Code    int
			Message string
		}
		if err := json.Unmarshal(body, &st); err != nil {
			t.Fatalf("answer %q: %v", body, err)
		}
		return st.Code, st.Message
	case protobuf:
		st := status.New(codes.OK, "").Proto()
		if err := pb.Unmarshal(body, st); err != nil {
			t.Fatalf("answer %q: %v", body, err)
		}
		return int(st.GetCode()), st.GetMessage()
	}
	return -1, string(body)
}

func TestHTTP_RefusesWithReason(t *testing.T) {
	f := newFixture(t, 1<<20, receiver.Options{MaxBodyBytes: 100_000, MaxInFlightBytes: 5_000_000})
	good := traces(t, 10)
	shortID := bytes.Replace(good, []byte{0x0a, 16, 1}, []byte{0x0a, 15, 1}, 1)
	bomb := make([]byte, 50_000_000)
	deep := []byte(strings.Repeat(`{"resourceSpans":[`, 100_000))
	for _, c := range []struct {
		name, contentType, encoding string
		body                        []byte
		http                        int
		code                        codes.Code
		text, reason                string
	}{
		{"garbage", protobuf, "", []byte("hello"), 400, codes.InvalidArgument, "malformed OTLP", "malformed"},
		{"truncated", protobuf, "", good[:len(good)-1], 400, codes.InvalidArgument, "resource_spans[0]", "malformed"},
		{"bad id", protobuf, "", shortID, 400, codes.InvalidArgument, "spans[0]", "malformed"},
		{"bad JSON", jsonType, "", []byte(`{"resourceSpans":[{]`), 400, codes.InvalidArgument, "JSON", "malformed"},
		{"JSON of the wrong type", jsonType, "", []byte(`{"resourceSpans":7}`), 400, codes.InvalidArgument, "JSON", "malformed"},
		{"two JSON documents", jsonType, "", []byte(`{"resourceSpans":[]} {"resourceSpans":[]}`), 400, codes.InvalidArgument, "behind the end", "malformed"},
		{"deep JSON", jsonType, "gzip", compress(t, "gzip", deep[:90_000]), 400, codes.InvalidArgument, "ends within", "malformed"},
		{"not gzip", protobuf, "gzip", good, 400, codes.InvalidArgument, "gzip", "malformed"},
		{"not zstd", protobuf, "zstd", good, 400, codes.InvalidArgument, "zstd", "malformed"},
		{"empty gzip", protobuf, "gzip", nil, 400, codes.InvalidArgument, "gzip", "malformed"},
		{"cut gzip", jsonType, "gzip", compress(t, "gzip", good)[:20], 400, codes.InvalidArgument, "gzip", "malformed"},
		{"cut zstd", protobuf, "zstd", compress(t, "zstd", good)[:20], 400, codes.InvalidArgument, "zstd", "malformed"},
		{"gzip bomb", protobuf, "gzip", compress(t, "gzip", bomb), 413, codes.ResourceExhausted, "100000 bytes", "too_large"},
		{"zstd bomb", jsonType, "zstd", compress(t, "zstd", bomb), 413, codes.ResourceExhausted, "100000 bytes", "too_large"},
		{"too long", protobuf, "", bomb[:100_001], 413, codes.ResourceExhausted, "100000 bytes", "too_large"},
		{"brotli", protobuf, "br", good, 415, codes.Unimplemented, "gzip, zstd", "unsupported"},
		{"two encodings", protobuf, "gzip, gzip", good, 415, codes.Unimplemented, "gzip, zstd", "unsupported"},
		{"text", "text/plain", "", good, 415, 99, "want application/x-protobuf", "unsupported"},
		{"no type", "", "", good, 415, 99, "want application/x-protobuf", "unsupported"},
	} {
		before := f.stats(otlpwire.Traces, receiver.HTTP).Refused[c.reason]
		resp, body := f.post(t, "/v1/traces", c.contentType, c.encoding, c.body)
		code, text := rpcStatus(t, resp, body)
		if resp.StatusCode != c.http || (c.code != 99 && code != int(c.code)) || !strings.Contains(text, c.text) {
			t.Errorf("%s: got %s, code %d, %q; want %d, %d, %q", c.name, resp.Status, code, text, c.http, c.code, c.text)
		}
		if f.stats(otlpwire.Traces, receiver.HTTP).Refused[c.reason] != before+1 {
			t.Errorf("%s: not counted as %s", c.name, c.reason)
		}
	}
	if got := f.stored(); len(got) != 0 {
		t.Errorf("%d refused requests were stored", len(got))
	}
	if n := f.Stats().InFlightBytes; n != 0 {
		t.Errorf("%d bytes in flight after the last request", n)
	}
}

// JSON that stands for more than there is memory for is refused for good.
func TestHTTP_JSONOfManyObjects(t *testing.T) {
	f := newFixture(t, 1<<24, receiver.Options{MaxInFlightBytes: 3 << 20})
	many := []byte(`{"resourceSpans":[` + strings.Repeat("{},", 300_000) + `{}]}`)
	resp, answer := f.post(t, "/v1/traces", jsonType, "", many)
	if code, text := rpcStatus(t, resp, answer); resp.StatusCode != http.StatusRequestEntityTooLarge || code != int(codes.ResourceExhausted) || !strings.Contains(text, "fewer records") {
		t.Errorf("got %s, %s", resp.Status, text)
	}
	if st := f.stats(otlpwire.Traces, receiver.HTTP); st.Refused["too_large"] != 1 || f.Stats().InFlightBytes != 0 {
		t.Errorf("stats: %+v", st)
	}
}

func TestHTTP_MethodsAndPaths(t *testing.T) {
	f := newFixture(t, 1<<16, receiver.Options{})
	for path, want := range map[string]int{"/v1/traces": 405, "/v1/logs": 405, "/v1/profiles": 404, "/v1/traces/x": 404} {
		resp, err := http.Get(f.http.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want || (want == 405 && resp.Header.Get("Allow") != "POST") {
			t.Errorf("GET %s: %s", path, resp.Status)
		}
	}
}

func TestHTTP_FullRing(t *testing.T) {
	f := newFixture(t, 4096, receiver.Options{RetryAfter: 1500 * time.Millisecond, FullWait: -1})
	body := traces(t, 10)
	taken := 0
	for {
		resp, answer := f.post(t, "/v1/traces", protobuf, "", body)
		if resp.StatusCode == http.StatusOK {
			taken++
			continue
		}
		code, _ := rpcStatus(t, resp, answer)
		if resp.StatusCode != http.StatusTooManyRequests || resp.Header.Get("Retry-After") != "2" || code != int(codes.ResourceExhausted) {
			t.Fatalf("got %s with %v", resp.Status, resp.Header)
		}
		break
	}
	if got := len(f.stored()); got != taken || taken == 0 {
		t.Errorf("acknowledged %d, stored %d", taken, got)
	}
	if resp, _ := f.post(t, "/v1/traces", protobuf, "", body); resp.StatusCode != http.StatusOK {
		t.Errorf("with room again: %s", resp.Status)
	}
}

func TestHTTP_FullRingIsWaitedForShortly(t *testing.T) {
	f := newFixture(t, 4096, receiver.Options{FullWait: 10 * time.Second})
	body := traces(t, 10)
	for {
		if _, err := f.ring.Write(otlpwire.KindTracesRequest, body); err != nil {
			break
		}
	}
	time.AfterFunc(20*time.Millisecond, func() { f.stored() })
	if resp, _ := f.post(t, "/v1/traces", protobuf, "", body); resp.StatusCode != http.StatusOK {
		t.Errorf("got %s", resp.Status)
	}
}

func TestHTTP_ClosedRing(t *testing.T) {
	f := newFixture(t, 1<<16, receiver.Options{})
	_ = f.ring.Close()
	resp, _ := f.post(t, "/v1/traces", protobuf, "", traces(t, 1))
	if resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" {
		t.Errorf("got %s", resp.Status)
	}
}

// half sends the head of a request and half of its body.
func half(t *testing.T, f *fixture, contentType string, body []byte) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", f.http.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_, _ = fmt.Fprintf(conn, "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n", contentType, len(body))
	_, _ = conn.Write(body[:len(body)/2])
	return conn
}

// A client that does not go on is cut off, whether its request would have been
// taken or is refused before its body is read.
func TestHTTP_SlowClientIsCutOff(t *testing.T) {
	f := newFixture(t, 1<<16, receiver.Options{ReadTimeout: 50 * time.Millisecond})
	for _, c := range []struct{ contentType, answer, reason string }{
		{protobuf, "HTTP/1.1 503 ", "too_slow"},
		{"text/plain", "HTTP/1.1 415 ", "unsupported"},
	} {
		conn := half(t, f, c.contentType, traces(t, 10))
		answer, _ := io.ReadAll(conn) // ends when the server closes the connection
		if !bytes.HasPrefix(answer, []byte(c.answer)) {
			t.Errorf("%s: got %.60q", c.contentType, answer)
		}
		if st := f.stats(otlpwire.Traces, receiver.HTTP); st.Refused[c.reason] != 1 {
			t.Errorf("%s: stats: %+v", c.contentType, st)
		}
	}
}

func TestHTTP_ClientThatGoesAwayStoresNothing(t *testing.T) {
	f := newFixture(t, 1<<16, receiver.Options{})
	_ = half(t, f, protobuf, traces(t, 10)).Close()
	for f.stats(otlpwire.Traces, receiver.HTTP).Refused["aborted"] != 1 {
		time.Sleep(time.Millisecond)
	}
	if got := f.stored(); len(got) != 0 {
		t.Error("half a request was stored")
	}
}

func TestHTTP_BytesInFlightAreBounded(t *testing.T) {
	f := newFixture(t, 1<<24, receiver.Options{MaxInFlightBytes: 300_000})
	body := traces(t, 5000)
	var conns []net.Conn
	for range 3 { // what these have sent is held until they go on
		conns = append(conns, half(t, f, protobuf, body))
	}
	var resp *http.Response
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if resp, _ = f.post(t, "/v1/traces", protobuf, "", body); resp.StatusCode == http.StatusTooManyRequests {
			break
		}
	}
	if resp.StatusCode != http.StatusTooManyRequests || resp.Header.Get("Retry-After") == "" {
		t.Fatalf("got %s", resp.Status)
	}
	for _, c := range conns {
		_ = c.Close()
	}
	for resp.StatusCode != http.StatusOK {
		resp, _ = f.post(t, "/v1/traces", protobuf, "", traces(t, 10))
	}
}

// Every single-byte damage is either harmless or refused; nothing crashes and
// what is stored is valid.
func TestHTTP_FlippedBytes(t *testing.T) {
	f := newFixture(t, 1<<20, receiver.Options{})
	good := traces(t, 2)
	for i := range good {
		for _, flip := range []byte{1, 0x80, 0xff} {
			bad := bytes.Clone(good)
			bad[i] ^= flip
			resp, _ := f.post(t, "/v1/traces", protobuf, "", bad)
			got := f.stored()
			if (resp.StatusCode == http.StatusOK) != (len(got) == 1) && resp.StatusCode != http.StatusBadRequest && len(got) != 0 {
				t.Fatalf("byte %d: %s, stored %d", i, resp.Status, len(got))
			}
			for _, g := range got {
				if _, err := otlpwire.Validate(otlpwire.Traces, g.data); err != nil {
					t.Errorf("byte %d: stored %v", i, err)
				}
			}
		}
	}
}
