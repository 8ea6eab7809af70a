package receiver

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/ttlog/ttlog/internal/hops"
	"github.com/ttlog/ttlog/internal/otlpwire"
)

// exports are the paths of the gRPC calls.
var exports = map[string]otlpwire.Signal{
	"/opentelemetry.proto.collector.trace.v1.TraceService/Export":     otlpwire.Traces,
	"/opentelemetry.proto.collector.logs.v1.LogsService/Export":       otlpwire.Logs,
	"/opentelemetry.proto.collector.metrics.v1.MetricsService/Export": otlpwire.Metrics,
}

const (
	typeGRPC = "application/grpc"
	// frameHead is in front of each gRPC message: a byte that tells whether it
	// is compressed, and its length in 4 bytes, big-endian.
	frameHead = 5
)

// GRPCHandler returns the handler of the three Export calls of OTLP/gRPC, of
// health checks and of server reflection, for an http.Server whose Protocols have
// HTTP/2, UnencryptedHTTP2 among them where there is no TLS.
//
// For Export it speaks the protocol itself, since a grpc.Server reads and decompresses a
// message before anyone is asked: what it holds can be bounded by the number of
// calls alone, and a few slow clients then keep out all others. An Export call
// is one message each way, which takes little to read.
func (r *Receiver) GRPCHandler() http.Handler { return http.HandlerFunc(r.serveGRPC) }

func (r *Receiver) serveGRPC(w http.ResponseWriter, req *http.Request) {
	t, _, err := mime.ParseMediaType(req.Header.Get("Content-Type"))
	switch {
	case req.ProtoMajor < 2:
		http.Error(w, "gRPC needs HTTP/2", http.StatusHTTPVersionNotSupported)
		return
	case err != nil || t != typeGRPC && !strings.HasPrefix(t, typeGRPC+"+"):
		http.Error(w, "want content type "+typeGRPC, http.StatusUnsupportedMediaType)
		return
	}
	s, known := exports[req.URL.Path]
	if service := serviceOf(req.URL.Path); !known && service != "" && r.services.known(service) {
		if f := r.enter(req); f != nil {
			w.Header().Set("Content-Type", t)
			r.endCall(w, f)
			return
		}
		r.services.serve(w, req, r.opts.ReadTimeout)
		return
	}
	h := w.Header()
	h.Set("Content-Type", t)
	h.Set("Grpc-Accept-Encoding", grpcEncodings)
	// Headers and trailers of their own also where there is no message.
	if f := callable(req, t, known); f != nil {
		r.endCall(w, f)
		return
	}
	c := call{r: r, req: req, lease: lease{budget: &r.inFlight}}
	defer c.lease.end()
	a, f := c.export(http.NewResponseController(w), s)
	if f != nil {
		r.stats.refused(s, GRPC, f.reason)
		r.endCall(w, f)
		return
	}
	r.opts.Trail.Add(req.Header.Get(hops.Header))
	r.stats.accepted(s, GRPC, &a)
	answer := response(&a)
	head := binary.BigEndian.AppendUint32(make([]byte, 1, frameHead), uint32(len(answer)))
	_, _ = w.Write(append(head, answer...)) // a client that is gone sends again
	r.endCall(w, nil)
}

// callable tells whether there is such a call.
func callable(req *http.Request, contentType string, known bool) *refusal {
	switch {
	case !known || req.Method != http.MethodPost:
		return refuse(unsupported, "no such call: %.20s %.200q", req.Method, req.URL.Path)
	case contentType != typeGRPC && contentType != typeGRPC+"+proto":
		return refuse(unsupported, "content type %.100q: want %s", contentType, typeGRPC)
	}
	return nil
}

// endCall sends the status of a call, OK where f is nil.
func (r *Receiver) endCall(w http.ResponseWriter, f *refusal) {
	h := w.Header()
	if f == nil {
		h.Set(http.TrailerPrefix+"Grpc-Status", strconv.Itoa(int(codes.OK)))
		return
	}
	st := r.status(f)
	h.Set(http.TrailerPrefix+"Grpc-Status", strconv.Itoa(int(st.Code())))
	h.Set(http.TrailerPrefix+"Grpc-Message", url.PathEscape(st.Message()))
	if details, err := proto.Marshal(st.Proto()); err == nil {
		h.Set(http.TrailerPrefix+"Grpc-Status-Details-Bin", base64.RawStdEncoding.EncodeToString(details))
	}
}

// call is one Export call.
type call struct {
	r     *Receiver
	req   *http.Request
	lease lease
}

// export reads the request and commits it.
func (c *call) export(deadline *http.ResponseController, s otlpwire.Signal) (a otlpwire.Admission, f *refusal) {
	if f := c.r.enter(c.req); f != nil {
		return a, f
	}
	_ = deadline.SetReadDeadline(time.Now().Add(c.r.opts.ReadTimeout))
	payload, compressed, f := c.message()
	if f != nil {
		return a, f
	}
	if compressed {
		if payload, f = c.decompress(payload); f != nil {
			return a, f
		}
	}
	return c.r.accept(c.req.Context(), s, payload)
}

// message reads the one message of the request, which is valid until the lease
// ends.
func (c *call) message() (payload []byte, compressed bool, f *refusal) {
	var head [frameHead]byte
	if _, err := io.ReadFull(c.req.Body, head[:]); err != nil {
		return nil, false, c.unread(err)
	}
	if head[0] > 1 {
		return nil, false, refuse(malformed, "message begins with %#x, which gRPC does not know", head[0])
	}
	size := int64(binary.BigEndian.Uint32(head[1:]))
	if size > int64(c.r.opts.MaxBodyBytes) {
		return nil, false, c.r.tooLarge()
	}
	// The whole body, to its end: a second message is not to be left out
	// without a word, and an answer before the end would reset the stream.
	payload, err := c.lease.readAll(c.req.Body, int(size), size)
	switch {
	case errors.Is(err, errTooLarge):
		return nil, false, refuse(malformed, "more than one message in a call that takes one")
	case err != nil:
		return nil, false, c.unread(err)
	case int64(len(payload)) < size:
		return nil, false, c.unread(io.ErrUnexpectedEOF)
	}
	return payload, head[0] == 1, nil
}

// unread is the refusal of a message that could not be read.
func (c *call) unread(err error) *refusal {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return refuse(malformed, "the request ends within its message")
	}
	return c.r.unread(err)
}

func (c *call) decompress(payload []byte) ([]byte, *refusal) {
	encoding, f := encodingOf(c.req.Header.Values("Grpc-Encoding"))
	switch {
	case f != nil:
		return nil, f
	case encoding == "":
		return nil, refuse(malformed, "a compressed message of a call that names no encoding")
	}
	out, err := c.r.decompress(c.req.Context(), encoding, payload, &c.lease)
	if err != nil {
		return nil, c.r.undecoded(err)
	}
	return out, nil
}
