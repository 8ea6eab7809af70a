package receiver_test

import (
	"bytes"
	"context"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

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
	for name, own := range map[string]bool{"with its options": true, "on a plain server": false} {
		t.Run(name, func(t *testing.T) {
			ring, err := ringbuffer.New(1 << 22)
			if err != nil {
				t.Fatal(err)
			}
			f := serve(t, ring, receiver.Options{}, own)
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
		})
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

// A client that opens a call and sends nothing holds a place only so long, and
// others are told to come again.
func TestGRPC_SlowClients(t *testing.T) {
	f := newFixture(t, 1<<20, receiver.Options{MaxGRPCReceives: 2, ReadTimeout: 300 * time.Millisecond, RetryAfter: 10 * time.Millisecond})
	conn := dial(t, f.grpc)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var streams []grpc.ClientStream
	for range 2 {
		s, err := conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true}, "/opentelemetry.proto.collector.trace.v1.TraceService/Export")
		if err != nil {
			t.Fatal(err)
		}
		streams = append(streams, s)
	}
	busy := false
	for end := time.Now().Add(5 * time.Second); !busy && time.Now().Before(end); {
		err := raw(t.Context(), conn, traces(t, 1))
		busy = status.Code(err) == codes.Unavailable && retryDelay(err) == 10*time.Millisecond
	}
	if !busy {
		t.Error("no call was refused while all places were taken")
	}
	for _, s := range streams {
		if err := s.RecvMsg(&emptypb.Empty{}); status.Code(err) != codes.Unavailable {
			t.Errorf("slow client: got %v", err)
		}
	}
	exportAll(t, conn, 1)
	if st := f.stats(otlpwire.Traces, receiver.GRPC); st.Refused["too_slow"] != 2 || st.Refused["busy"] == 0 {
		t.Errorf("stats: %+v", st)
	}
}

func TestDurable_AcknowledgesAfterSync(t *testing.T) {
	ring, err := ringbuffer.Open(filepath.Join(t.TempDir(), "ring"), ringbuffer.Options{Size: 1 << 20, SyncInterval: -1})
	if err != nil {
		t.Fatal(err)
	}
	f := serve(t, ring, receiver.Options{Durable: true}, true)
	exportAll(t, dial(t, f.grpc), 3)
	if resp, _ := f.post(t, "/v1/traces", protobuf, "", traces(t, 1)); resp.StatusCode != http.StatusOK {
		t.Errorf("got %s", resp.Status)
	}
	if st := ring.Stats(); st.FileBacked && st.Syncs < 4 {
		t.Errorf("%d syncs for 4 acknowledged requests", st.Syncs)
	}
}
