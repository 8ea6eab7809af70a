package receiver_test

import (
	"bytes"
	"encoding/binary"
	"net/http"
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/receiver"
)

// decodings are the encodings by the form of what is sent.
var decodings = map[string]string{
	"gzip": "gzip", "x-gzip": "x-gzip", "zstd": "zstd", "deflate": "deflate", "bare deflate": "deflate", "zlib": "zlib",
	"snappy": "snappy", "framed as snappy": "snappy", "x-snappy-framed": "x-snappy-framed", "lz4": "lz4",
}

// shrink compresses in one of the forms above.
func shrink(t testing.TB, form string, b []byte) []byte {
	if form == "framed as snappy" {
		form = "x-snappy-framed"
	}
	return compress(t, form, b)
}

// What decompresses to more than a request may have is refused, and costs no
// more than that.
func TestDecompress_Bombs(t *testing.T) {
	f := newFixture(t, 1<<20, receiver.Options{MaxBodyBytes: 100_000})
	bomb := make([]byte, 2_000_000)
	for form, encoding := range decodings {
		resp, answer := f.post(t, "/v1/traces", protobuf, encoding, shrink(t, form, bomb))
		if code, text := rpcStatus(t, resp, answer); resp.StatusCode != http.StatusRequestEntityTooLarge || code != int(codes.ResourceExhausted) {
			t.Errorf("%s: got %s %s", form, resp.Status, text)
		}
	}
	// A block of Snappy claims its size at its head: any, whatever follows.
	claim := append(binary.AppendUvarint(nil, 1<<32-1), 0, 1)
	if resp, _ := f.post(t, "/v1/traces", protobuf, "snappy", claim); resp.StatusCode < 400 || resp.StatusCode >= 500 {
		t.Errorf("claims 4 GiB: %s", resp.Status)
	}
	if n := f.Stats().InFlightBytes; n != 0 || len(f.stored()) != 0 {
		t.Errorf("%d bytes in flight after the last request", n)
	}
}

// Bodies cut anywhere, or of another encoding, are refused as malformed, and the
// decoders work on after them.
func TestDecompress_Malformed(t *testing.T) {
	f := newFixture(t, 1<<20, receiver.Options{})
	good := traces(t, 200)
	for form, encoding := range decodings {
		body := shrink(t, form, good)
		for _, bad := range [][]byte{nil, body[:1], body[:len(body)/2], good} {
			resp, answer := f.post(t, "/v1/traces", protobuf, encoding, bad)
			if code, text := rpcStatus(t, resp, answer); resp.StatusCode != http.StatusBadRequest || code != int(codes.InvalidArgument) {
				t.Errorf("%s, %d bytes: %s %s", form, len(bad), resp.Status, text)
			}
			if len(f.stored()) != 0 {
				t.Errorf("%s, %d bytes: stored", form, len(bad))
			}
		}
		if resp, answer := f.post(t, "/v1/traces", protobuf, encoding, body); resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %s %s", form, resp.Status, answer)
		}
		if got := f.stored(); len(got) != 1 || !bytes.Equal(got[0].data, good) {
			t.Errorf("%s: stored %d requests", form, len(got))
		}
	}
}

// Encodings on top of each other are told as what they are, in one header or
// in two; identity is none.
func TestDecompress_OneEncoding(t *testing.T) {
	f := newFixture(t, 1<<20, receiver.Options{})
	good := traces(t, 3)
	for _, c := range []struct {
		headers []string
		want    int
	}{
		{[]string{"gzip", "gzip"}, http.StatusUnsupportedMediaType},
		{[]string{"gzip, zstd"}, http.StatusUnsupportedMediaType},
		{[]string{"br"}, http.StatusUnsupportedMediaType},
		{[]string{"identity, gzip"}, http.StatusOK},
		{[]string{" Gzip "}, http.StatusOK},
	} {
		req, err := http.NewRequest(http.MethodPost, f.http.URL+"/v1/traces", bytes.NewReader(compress(t, "gzip", good)))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", protobuf)
		req.Header["Content-Encoding"] = c.headers
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != c.want || (c.want != http.StatusOK) != (resp.Header.Get("Accept-Encoding") != "") {
			t.Errorf("%q: %s, Accept-Encoding %q", c.headers, resp.Status, resp.Header.Get("Accept-Encoding"))
		}
	}
	if st := f.stats(otlpwire.Traces, receiver.HTTP); st.Requests != 2 || st.Refused["unsupported"] != 3 {
		t.Errorf("stats %+v", st)
	}
}
