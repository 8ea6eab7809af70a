package receiver

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/gzip"  // registers gzip
	_ "google.golang.org/grpc/encoding/proto" // registers proto, the codec of everything that is not ours
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

// services are the full names of the gRPC services.
var services = map[otlpwire.Signal]string{
	otlpwire.Traces:  "opentelemetry.proto.collector.trace.v1.TraceService",
	otlpwire.Logs:    "opentelemetry.proto.collector.logs.v1.LogsService",
	otlpwire.Metrics: "opentelemetry.proto.collector.metrics.v1.MetricsService",
}

// ServerOptions returns what a gRPC server needs for RegisterGRPC to work as
// it should: a codec that hands our requests through as bytes and leaves other
// services alone, and the largest message. On a server without them requests
// are still taken, after one more copy and with gRPC's limit of 4 MiB.
func (r *Receiver) ServerOptions() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.ForceServerCodecV2(codec{other: encoding.GetCodecV2("proto")}),
		grpc.MaxRecvMsgSize(r.opts.MaxBodyBytes),
	}
}

// RegisterGRPC adds the trace, logs and metrics services to a server that was
// made with ServerOptions and is not serving yet.
func (r *Receiver) RegisterGRPC(s *grpc.Server) {
	for signal, name := range services {
		s.RegisterService(&grpc.ServiceDesc{
			ServiceName: name,
			HandlerType: (*any)(nil),
			// Export is unary, which is a stream of one message each way. Told
			// as a stream, the handler runs before the message is read, and
			// can bound how many are.
			Streams: []grpc.StreamDesc{{
				StreamName: "Export",
				Handler:    func(_ any, stream grpc.ServerStream) error { return r.export(signal, stream) },
			}},
		}, r)
	}
}

// export is one call.
func (r *Receiver) export(s otlpwire.Signal, stream grpc.ServerStream) error {
	records, size, err := r.receive(s, stream)
	if err != nil {
		var f *refusal
		if !errors.As(err, &f) {
			return err // gRPC's own
		}
		r.stats.refused(s, GRPC, f.reason)
		return r.status(f).Err()
	}
	r.stats.accepted(s, GRPC, records, size)
	return stream.SendMsg(&emptypb.Empty{}) // an empty response of any signal
}

// receive reads the message and commits it.
func (r *Receiver) receive(s otlpwire.Signal, stream grpc.ServerStream) (records, size int, err error) {
	ctx := stream.Context()
	if err := r.place(ctx); err != nil {
		return 0, 0, err
	}
	defer func() { <-r.receives }()
	m := &message{Empty: &emptypb.Empty{}}
	if err := r.recvWithin(ctx, stream, m); err != nil {
		return 0, 0, err
	}
	defer m.free()
	payload := m.payload()
	l := lease{budget: &r.inFlight}
	defer l.end()
	if !l.take(len(payload)) {
		return 0, 0, r.busy()
	}
	records, f := r.accept(ctx, s, payload)
	if f != nil {
		return 0, 0, f
	}
	return records, len(payload), nil
}

// place waits for a place to receive in.
func (r *Receiver) place(ctx context.Context) error {
	select {
	case r.receives <- struct{}{}:
		return nil
	default:
	}
	t := time.NewTimer(r.opts.RetryAfter)
	defer t.Stop()
	select {
	case r.receives <- struct{}{}:
		return nil
	case <-t.C:
		return r.busy()
	case <-ctx.Done():
		return refuse(aborted, "%s", ctx.Err())
	}
}

// recvWithin receives the message, or gives up on a client that takes too
// long. The goroutine that receives then ends with the stream, which the
// return of the handler ends.
func (r *Receiver) recvWithin(ctx context.Context, stream grpc.ServerStream, m *message) error {
	received := make(chan error, 1)
	go func() { received <- stream.RecvMsg(m) }()
	t := time.NewTimer(r.opts.ReadTimeout)
	defer t.Stop()
	select {
	case err := <-received:
		return err
	case <-t.C:
		return refuse(tooSlow, "request did not arrive within %s", r.opts.ReadTimeout)
	case <-ctx.Done():
		return refuse(aborted, "%s", ctx.Err())
	}
}

// message is a request as bytes. It is a protobuf message as well, for servers
// that were made without our codec: those put all fields of the request, which
// an Empty does not know, among its unknown ones, bytes unchanged.
type message struct {
	*emptypb.Empty
	buf mem.Buffer // nil unless our codec was at work
}

func (m *message) payload() []byte {
	if m.buf != nil {
		return m.buf.ReadOnlyData()
	}
	return m.ProtoReflect().GetUnknown()
}

func (m *message) free() {
	if m.buf != nil {
		m.buf.Free()
	}
}

// codec hands the bytes of our requests through.
type codec struct{ other encoding.CodecV2 }

func (c codec) Name() string { return c.other.Name() }

func (c codec) Marshal(v any) (mem.BufferSlice, error) {
	b, err := c.other.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("receiver: %w", err)
	}
	return b, nil
}

func (c codec) Unmarshal(data mem.BufferSlice, v any) error {
	m, ok := v.(*message)
	if !ok {
		return c.other.Unmarshal(data, v)
	}
	m.buf = data.MaterializeToBuffer(mem.DefaultBufferPool())
	return nil
}
