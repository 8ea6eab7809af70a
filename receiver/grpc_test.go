package receiver_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	_ "google.golang.org/grpc/encoding/gzip" // for the clients
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	_ "github.com/ttlog/ttlog/internal/grpctest" // zstd for the clients
	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/receiver"
	"github.com/ttlog/ttlog/ringbuffer"
)

func dial(t testing.TB, addr string) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient("passthrough:///"+addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// exportAll sends a request of each signal with pdata's clients.
func exportAll(t *testing.T, conn *grpc.ClientConn, n int, opts ...grpc.CallOption) {
	t.Helper()
	m := requests(n)
	if _, err := ptraceotlp.NewGRPCClient(conn).Export(t.Context(), m[otlpwire.Traces].(ptraceotlp.ExportRequest), opts...); err != nil {
		t.Fatal(err)
	}
	if _, err := plogotlp.NewGRPCClient(conn).Export(t.Context(), m[otlpwire.Logs].(plogotlp.ExportRequest), opts...); err != nil {
		t.Fatal(err)
	}
	if _, err := pmetricotlp.NewGRPCClient(conn).Export(t.Context(), m[otlpwire.Metrics].(pmetricotlp.ExportRequest), opts...); err != nil {
		t.Fatal(err)
	}
}

func TestGRPC_TakesEverySignalAndCompression(t *testing.T) {
	f := newFixture(t, 1<<22, receiver.Options{})
	conn := dial(t, f.grpc)
	for _, opts := range [][]grpc.CallOption{nil, {grpc.UseCompressor("gzip")}, {grpc.UseCompressor("zstd")}} {
		for _, n := range []int{3, 3000} {
			exportAll(t, conn, n, opts...)
			got := f.stored()
			if len(got) != 3 {
				t.Fatalf("stored %d, want 3", len(got))
			}
			for _, g := range got {
				s, _ := otlpwire.SignalOf(g.kind)
				if !bytes.Equal(g.data, proto(t, requests(n)[s])) {
					t.Errorf("%s: stored bytes differ from those sent", s)
				}
			}
		}
	}
	if st := f.stats(otlpwire.Metrics, receiver.GRPC); st.Requests != 6 || st.Records != 9009 {
		t.Errorf("stats: %+v", st)
	}
	if n := f.Stats().InFlightBytes; n != 0 {
		t.Errorf("%d bytes in flight after the last request", n)
	}
}

func TestGRPC_EmptyRequest(t *testing.T) {
	f := newFixture(t, 1<<16, receiver.Options{})
	exportAll(t, dial(t, f.grpc), 0)
}

// raw calls Export with bytes, valid or not.
func raw(ctx context.Context, conn *grpc.ClientConn, payload []byte, opts ...grpc.CallOption) error {
	in := &emptypb.Empty{}
	in.ProtoReflect().SetUnknown(payload)
	return conn.Invoke(ctx, "/opentelemetry.proto.collector.trace.v1.TraceService/Export", in, &emptypb.Empty{}, opts...)
}

func retryDelay(err error) time.Duration {
	for _, d := range status.Convert(err).Details() {
		if info, ok := d.(*errdetails.RetryInfo); ok {
			return info.GetRetryDelay().AsDuration()
		}
	}
	return 0
}

func TestGRPC_Malformed(t *testing.T) {
	f := newFixture(t, 1<<20, receiver.Options{})
	conn := dial(t, f.grpc)
	good := traces(t, 3)
	for i := range len(good) - 1 {
		err := raw(t.Context(), conn, good[:i+1])
		if status.Code(err) != codes.InvalidArgument || retryDelay(err) != 0 {
			t.Fatalf("cut at %d: got %v", i, err)
		}
	}
	if got := f.stored(); len(got) != 0 {
		t.Errorf("%d malformed requests were stored", len(got))
	}
	if err := raw(t.Context(), conn, good); err != nil {
		t.Error(err)
	}
}

func TestGRPC_TooLargeAndBombs(t *testing.T) {
	f := newFixture(t, 1<<20, receiver.Options{MaxBodyBytes: 100_000})
	conn := dial(t, f.grpc)
	bomb := make([]byte, 10_000_000)
	for _, opts := range [][]grpc.CallOption{nil, {grpc.UseCompressor("gzip")}, {grpc.UseCompressor("zstd")}} {
		err := raw(t.Context(), conn, bomb, opts...)
		if status.Code(err) != codes.ResourceExhausted || retryDelay(err) != 0 {
			t.Errorf("got %v", err)
		}
	}
	exportAll(t, conn, 10, grpc.UseCompressor("zstd"))
}

func TestGRPC_FullRing(t *testing.T) {
	f := newFixture(t, 4096, receiver.Options{RetryAfter: 70 * time.Millisecond, FullWait: -1})
	conn := dial(t, f.grpc)
	var err error
	taken := 0
	for err == nil {
		if err = raw(t.Context(), conn, traces(t, 10)); err == nil {
			taken++
		}
	}
	if status.Code(err) != codes.ResourceExhausted || retryDelay(err) != 70*time.Millisecond {
		t.Errorf("got %v with delay %s", err, retryDelay(err))
	}
	if got := len(f.stored()); got != taken {
		t.Errorf("acknowledged %d, stored %d", taken, got)
	}
	if err := raw(t.Context(), conn, traces(t, 10)); err != nil {
		t.Error(err)
	}
	_ = f.ring.Close()
	if err := raw(t.Context(), conn, traces(t, 10)); status.Code(err) != codes.Unavailable || retryDelay(err) == 0 {
		t.Errorf("closed ring: got %v", err)
	}
}

// A client that opens a call and sends nothing is cut off after a while, and
// keeps nobody else out until then.
func TestGRPC_SlowClients(t *testing.T) {
	f := newFixture(t, 1<<20, receiver.Options{ReadTimeout: 2 * time.Second})
	conn := dial(t, f.grpc)
	var streams []grpc.ClientStream
	for range 80 {
		streams = append(streams, open(t, conn))
	}
	exportAll(t, conn, 1)
	for _, s := range streams {
		if err := s.RecvMsg(&emptypb.Empty{}); status.Code(err) != codes.Unavailable || retryDelay(err) == 0 {
			t.Errorf("slow client: got %v", err)
		}
	}
	if st := f.stats(otlpwire.Traces, receiver.GRPC); st.Refused["too_slow"] != 80 || st.Requests != 1 {
		t.Errorf("stats: %+v", st)
	}
}

// open opens a call to send messages to.
func open(t *testing.T, conn *grpc.ClientConn) grpc.ClientStream {
	t.Helper()
	s, err := conn.NewStream(t.Context(), &grpc.StreamDesc{ClientStreams: true}, "/opentelemetry.proto.collector.trace.v1.TraceService/Export")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// What calls hold is bounded by bytes, of the messages as they come and as
// they are decompressed.
func TestGRPC_BytesInFlightAreBounded(t *testing.T) {
	f := newFixture(t, 1<<24, receiver.Options{MaxInFlightBytes: 300_000})
	conn := dial(t, f.grpc)
	big := traces(t, 20_000)
	for _, opts := range [][]grpc.CallOption{nil, {grpc.UseCompressor("gzip")}, {grpc.UseCompressor("zstd")}} {
		if err := raw(t.Context(), conn, big, opts...); status.Code(err) != codes.Unavailable || retryDelay(err) == 0 {
			t.Errorf("got %v", err)
		}
	}
	if n := f.Stats().InFlightBytes; n != 0 || len(f.stored()) != 0 {
		t.Errorf("%d bytes in flight after the last request", n)
	}
	exportAll(t, conn, 10)
}

// Calls that are not what OTLP/gRPC is end with a status, and store nothing.
func TestGRPC_RefusesWhatIsNoCall(t *testing.T) {
	f := newFixture(t, 1<<20, receiver.Options{MaxBodyBytes: 100_000})
	export := "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
	frame := func(flag byte, size int, body []byte) []byte {
		return append(binary.BigEndian.AppendUint32([]byte{flag}, uint32(size)), body...)
	}
	good := traces(t, 1)
	for _, c := range []struct {
		name, path, contentType, encoding string
		body                              []byte
		http                              int
		code                              codes.Code
	}{
		{"good", export, "application/grpc+proto", "", frame(0, len(good), good), 200, codes.OK},
		{"good gzip", export, "application/grpc", "gzip", frame(1, len(compress(t, "gzip", good)), compress(t, "gzip", good)), 200, codes.OK},
		{"another call", export + "2", "application/grpc", "", frame(0, 0, nil), 200, codes.Unimplemented},
		{"no gRPC", export, protobuf, "", good, 415, 0},
		{"gRPC of JSON", export, "application/grpc+json", "", frame(0, 2, []byte("{}")), 200, codes.Unimplemented},
		{"no message", export, "application/grpc", "", nil, 200, codes.InvalidArgument},
		{"cut head", export, "application/grpc", "", []byte{0, 0}, 200, codes.InvalidArgument},
		{"cut message", export, "application/grpc", "", frame(0, len(good), good[1:]), 200, codes.InvalidArgument},
		{"two messages", export, "application/grpc", "", append(frame(0, len(good), good), frame(0, len(good), good)...), 200, codes.InvalidArgument},
		{"unknown flag", export, "application/grpc", "", frame(2, len(good), good), 200, codes.InvalidArgument},
		{"unknown encoding", export, "application/grpc", "br", frame(1, len(good), good), 200, codes.Unimplemented},
		{"two encodings", export, "application/grpc", "gzip, gzip", frame(1, len(good), good), 200, codes.Unimplemented},
		{"no encoding", export, "application/grpc", "identity", frame(1, len(good), good), 200, codes.InvalidArgument},
		{"good snappy", export, "application/grpc", "snappy", frame(1, len(compress(t, "x-snappy-framed", good)), compress(t, "x-snappy-framed", good)), 200, codes.OK},
		{"good deflate", export, "application/grpc", "deflate", frame(1, len(compress(t, "deflate", good)), compress(t, "deflate", good)), 200, codes.OK},
		{"no gzip", export, "application/grpc", "gzip", frame(1, len(good), good), 200, codes.InvalidArgument},
		{"claims 4 GiB", export, "application/grpc", "", frame(0, 1<<32-1, good), 200, codes.ResourceExhausted},
	} {
		req, err := http.NewRequest(http.MethodPost, "http://"+f.grpc+c.path, bytes.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", c.contentType)
		if c.encoding != "" {
			req.Header.Set("Grpc-Encoding", c.encoding)
		}
		resp, err := f.http2.Do(req)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if _, err := io.ReadAll(resp.Body); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		_ = resp.Body.Close()
		if code := resp.Trailer.Get("Grpc-Status"); resp.StatusCode != c.http || c.http == 200 && code != strconv.Itoa(int(c.code)) {
			t.Errorf("%s: got %s, status %q %q, want %d, %d", c.name, resp.Status, code, resp.Trailer.Get("Grpc-Message"), c.http, c.code)
		}
	}
	if got := f.stored(); len(got) != 4 {
		t.Errorf("%d requests were stored, want the 4 good ones", len(got))
	}
}

func TestDurable_AcknowledgesAfterSync(t *testing.T) {
	ring, err := ringbuffer.Open(filepath.Join(t.TempDir(), "ring"), ringbuffer.Options{Size: 1 << 20, SyncInterval: -1})
	if err != nil {
		t.Fatal(err)
	}
	f := serve(t, ring, receiver.Options{Durable: true})
	exportAll(t, dial(t, f.grpc), 3)
	if resp, _ := f.post(t, "/v1/traces", protobuf, "", traces(t, 1)); resp.StatusCode != http.StatusOK {
		t.Errorf("got %s", resp.Status)
	}
	if st := ring.Stats(); st.FileBacked && st.Syncs < 4 {
		t.Errorf("%d syncs for 4 acknowledged requests", st.Syncs)
	}
}
