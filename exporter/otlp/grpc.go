package otlp

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/ttlog/ttlog/internal/hops"
	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/internal/redact"
)

// methods are the full names of the Export calls.
var methods = map[otlpwire.Signal]string{
	otlpwire.Traces:  "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
	otlpwire.Logs:    "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
	otlpwire.Metrics: "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
}

// grpcSender speaks OTLP/gRPC.
type grpcSender struct {
	// Immutable after newGRPCSender.
	conn    *grpc.ClientConn
	host    string
	via     func() string // may be nil
	headers metadata.MD
	options []grpc.CallOption
}

func newGRPCSender(t Target, a address, o Options) (*grpcSender, error) {
	creds := insecure.NewCredentials()
	if a.secure {
		tlsConfig, err := t.tlsConfig()
		if err != nil {
			return nil, err
		}
		creds = credentials.NewTLS(tlsConfig)
	}
	s := &grpcSender{host: a.host, via: o.Via, headers: metadata.New(t.Headers)}
	if a.user != nil && len(s.headers.Get("authorization")) == 0 {
		password, _ := a.user.Password()
		s.headers.Set("authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(a.user.Username()+":"+password)))
	}
	s.options = []grpc.CallOption{grpc.MaxCallRecvMsgSize(maxResponseBytes)}
	codec := rawCodec{copies: true}
	if t.Compression == CompressionGzip {
		s.options = append(s.options, grpc.UseCompressor(gzip.Name))
		codec.copies = false // what goes out is the compressor's output
	}
	s.options = append(s.options, grpc.ForceCodecV2(codec))
	conn, err := grpc.NewClient("dns:///"+a.host,
		grpc.WithTransportCredentials(creds),
		grpc.WithUserAgent(userAgent),
		grpc.WithConnectParams(connectParams(o.Retry)),
		// The pauses are ours: gRPC's own retries would come on top.
		grpc.WithDisableRetry(),
		grpc.WithDisableServiceConfig(),
	)
	if err != nil {
		return nil, fmt.Errorf("endpoint %q: %s", a.host, redact.Text(err.Error())) // it may name a proxy
	}
	s.conn = conn
	return s, nil
}

// connectParams keeps gRPC's pauses between connection attempts below ours:
// it backs off up to two minutes otherwise, and a collector that is back would
// not be seen.
func connectParams(r Retry) grpc.ConnectParams {
	return grpc.ConnectParams{
		Backoff:           backoff.Config{BaseDelay: r.InitialInterval / 2, Multiplier: 1.6, Jitter: 0.2, MaxDelay: r.MaxInterval / 2},
		MinConnectTimeout: 5 * time.Second,
	}
}

func (s *grpcSender) close() error {
	if err := s.conn.Close(); err != nil && status.Code(err) != codes.Canceled { // Canceled: closed before
		return fmt.Errorf("otlp: close connection to %s: %w", s.host, err)
	}
	return nil
}

func (s *grpcSender) send(ctx context.Context, signal otlpwire.Signal, payload []byte) ([]byte, error) {
	if len(s.headers) > 0 {
		ctx = metadata.NewOutgoingContext(ctx, s.headers)
	}
	if s.via != nil {
		ctx = metadata.AppendToOutgoingContext(ctx, hops.Header, s.via())
	}
	var response []byte
	if err := s.conn.Invoke(ctx, methods[signal], payload, &response, s.options...); err != nil {
		return nil, s.refused(err)
	}
	return response, nil
}

func (s *grpcSender) refused(err error) error {
	st, _ := status.FromError(err)
	e := &Error{endpoint: "grpc://" + s.host, Status: st.Code().String(), Message: clip([]byte(st.Message())), cause: err}
	wait, asked := retryInfo(st)
	e.RetryAfter = wait
	e.verdict = grpcVerdict(st.Code(), asked)
	return e
}

// grpcVerdict follows OTLP in what may be retried, but for credentials. asked
// tells that the collector said when to come again. Everything that may be
// about a single record is divisible, INTERNAL and UNKNOWN too: servers of gRPC
// answer so when they cannot decode a message, and for an error of their own
// that has no code.
func grpcVerdict(code codes.Code, asked bool) verdict {
	switch code {
	case codes.Canceled, codes.DeadlineExceeded, codes.Aborted, codes.OutOfRange, codes.Unavailable, codes.DataLoss:
		return unavailable
	case codes.Unauthenticated, codes.PermissionDenied:
		return unauthorized
	case codes.ResourceExhausted:
		if asked {
			return throttled
		}
		return tooLarge // for the collector
	case codes.Unimplemented:
		return unsupported
	}
	return rejected
}

// retryInfo returns how long a status asks to wait, and whether it says that
// trying again can help at all.
func retryInfo(st *status.Status) (wait time.Duration, ok bool) {
	for _, d := range st.Details() {
		if info, isInfo := d.(*errdetails.RetryInfo); isInfo {
			return min(max(info.GetRetryDelay().AsDuration(), 0), maxRetryAfter), true
		}
	}
	return 0, false
}

// rawCodec hands bytes through. It calls itself proto since that is what the
// bytes are.
type rawCodec struct {
	// copies makes Marshal copy: without a compressor between, gRPC may read
	// the buffer after the call has returned, and it is not ours to keep.
	copies bool
}

var errNotBytes = errors.New("otlp: codec takes bytes only")

func (rawCodec) Name() string { return "proto" }

func (c rawCodec) Marshal(v any) (mem.BufferSlice, error) {
	b, ok := v.([]byte)
	if !ok {
		return nil, fmt.Errorf("%w: %T", errNotBytes, v)
	}
	if c.copies {
		return mem.BufferSlice{mem.Copy(b, mem.DefaultBufferPool())}, nil
	}
	return mem.BufferSlice{mem.SliceBuffer(b)}, nil
}

func (rawCodec) Unmarshal(data mem.BufferSlice, v any) error {
	p, ok := v.(*[]byte)
	if !ok {
		return fmt.Errorf("%w: %T", errNotBytes, v)
	}
	*p = data.Materialize()
	return nil
}
