package otlp

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	"google.golang.org/grpc/codes"

	"github.com/ttlog/ttlog/internal/hops"
	"github.com/ttlog/ttlog/internal/otlpwire"
)

const (
	contentGRPC = "application/grpc"
	// frameHead is before a message: a byte of compression, four of length.
	frameHead = 5
)

// methods are the full names of the Export calls.
var methods = map[otlpwire.Signal]string{
	otlpwire.Traces:  "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
	otlpwire.Logs:    "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
	otlpwire.Metrics: "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
}

// grpcSender speaks OTLP/gRPC, over the HTTP/2 of net/http: an Export call has
// one message each way. grpc-go would link a second HTTP/2 and html/template into
// every application, for which the linker keeps all methods of all types (RFC 006).
type grpcSender struct {
	// Immutable after newGRPCSender.
	host, base string
	via        func() string // may be nil
	client     http.Client
	transport  *http.Transport
	header     http.Header
	gzip       bool
}

func newGRPCSender(t Target, a address, via func() string) (*grpcSender, error) {
	s := &grpcSender{host: a.host, base: "http://" + a.host, via: via, header: make(http.Header), gzip: t.Compression == CompressionGzip}
	s.transport = &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout: 10 * time.Second,
		IdleConnTimeout:     90 * time.Second,
		Protocols:           new(http.Protocols),
		// A peer that is gone without a word is noticed, and dialed anew.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 10 * time.Second},
	}
	if a.secure {
		tlsConfig, err := t.tlsConfig()
		if err != nil {
			return nil, err
		}
		s.base = "https://" + a.host
		s.transport.TLSClientConfig = tlsConfig
		s.transport.Proxy = proxy // which can let pass only what is encrypted
		s.transport.Protocols.SetHTTP2(true)
	} else {
		s.transport.Protocols.SetUnencryptedHTTP2(true)
	}
	s.client = http.Client{
		Transport:     s.transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	for k, v := range t.Headers {
		s.header.Set(k, v)
	}
	if a.user != nil && s.header.Get("Authorization") == "" {
		password, _ := a.user.Password()
		s.header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(a.user.Username()+":"+password)))
	}
	s.header.Set("User-Agent", userAgent)
	s.header.Set("Content-Type", contentGRPC)
	s.header.Set("Te", "trailers")
	s.header.Set("Grpc-Accept-Encoding", "gzip")
	if s.gzip {
		s.header.Set("Grpc-Encoding", "gzip")
	}
	return s, nil
}

func (s *grpcSender) close() error {
	s.transport.CloseIdleConnections()
	return nil
}

func (s *grpcSender) send(ctx context.Context, signal otlpwire.Signal, payload []byte) ([]byte, error) {
	buf := compressed.Get().(*bytes.Buffer)
	defer putCompressed(buf)
	if err := s.frame(buf, payload); err != nil {
		return nil, s.refused(&callError{code: codes.Internal, message: err.Error(), cause: err})
	}
	var out lentBytes
	defer out.takeBack()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.base+methods[signal], out.lend(buf.Bytes()))
	if err != nil {
		return nil, s.refused(&callError{code: codes.Internal, message: err.Error(), cause: err})
	}
	req.Header = s.header.Clone()
	if s.via != nil {
		req.Header.Set(hops.Header, s.via())
	}
	if deadline, ok := ctx.Deadline(); ok {
		req.Header.Set("Grpc-Timeout", strconv.FormatInt(max(time.Until(deadline).Milliseconds(), 1), 10)+"m")
	}
	req.ContentLength = int64(buf.Len())
	req.GetBody = func() (io.ReadCloser, error) { return out.lend(buf.Bytes()), nil }
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, s.refused(unanswered(ctx, err))
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, frameHead+maxResponseBytes))
	if err == nil {
		// The status comes after the message, however long that is.
		_, err = io.Copy(io.Discard, resp.Body)
	}
	if st := statusOf(ctx, resp, err); st != nil {
		return nil, s.refused(st)
	}
	return message(body), nil
}

// frame writes a message with its head: whether it is compressed, its length.
func (s *grpcSender) frame(buf *bytes.Buffer, payload []byte) error {
	head := [frameHead]byte{}
	buf.Write(head[:])
	if s.gzip {
		if err := gzipTo(buf, payload); err != nil {
			return err
		}
		buf.Bytes()[0] = 1
	} else {
		buf.Write(payload)
	}
	binary.BigEndian.PutUint32(buf.Bytes()[1:], uint32(buf.Len()-frameHead))
	return nil
}

// message takes the message out of its frame. One that cannot be read is no
// error: the status says that the request was taken, and what is lost is at most
// a note about a part of it.
func message(body []byte) []byte {
	if len(body) < frameHead || uint64(binary.BigEndian.Uint32(body[1:])) != uint64(len(body)-frameHead) {
		return nil
	}
	if body[0] == 0 {
		return body[frameHead:]
	}
	r, err := gzip.NewReader(bytes.NewReader(body[frameHead:]))
	if err != nil {
		return nil
	}
	out, err := io.ReadAll(io.LimitReader(r, maxResponseBytes))
	if err != nil {
		return nil
	}
	return out
}

// callError is the status of a call, as an error. It is read here and not by
// grpc-go's package status, with which comes the reflection of protobuf.
type callError struct {
	code    codes.Code
	message string
	details [][]byte // google.protobuf.Any messages
	cause   error
}

// Error implements error.
func (s *callError) Error() string { return s.code.String() + ": " + s.message }

// Unwrap returns why there was no answer.
func (s *callError) Unwrap() error { return s.cause }

// unanswered is the status of a call that got no answer.
func unanswered(ctx context.Context, err error) *callError {
	if ue, ok := errors.AsType[*url.Error](err); ok {
		err = ue.Err // the address is in our own text already
	}
	code := codes.Unavailable
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		code = codes.DeadlineExceeded
	case ctx.Err() != nil:
		code = codes.Canceled
	}
	return &callError{code: code, message: err.Error(), cause: err}
}

// statusOf returns the status of an answer, nil for OK. It stands in the
// trailers, or in the header of an answer without a message; what does not come
// from gRPC has a status of HTTP only.
func statusOf(ctx context.Context, resp *http.Response, readErr error) *callError {
	from := resp.Trailer
	if from.Get("Grpc-Status") == "" {
		from = resp.Header
	}
	code, err := strconv.ParseUint(from.Get("Grpc-Status"), 10, 32)
	switch {
	case err == nil && code == 0:
		return nil
	case err == nil:
		return statusFrom(codes.Code(code), from)
	case readErr != nil:
		return unanswered(ctx, readErr)
	case resp.StatusCode == http.StatusOK:
		return &callError{code: codes.Unimplemented, message: fmt.Sprintf("no gRPC: the answer is %q", resp.Header.Get("Content-Type"))}
	}
	return &callError{code: codeOfHTTP(resp.StatusCode), message: resp.Status}
}

// statusFrom reads the header's message and details: a google.rpc.Status, of
// which field 3 holds them.
func statusFrom(code codes.Code, from http.Header) *callError {
	s := &callError{code: code, message: from.Get("Grpc-Message")}
	if text, err := url.PathUnescape(s.message); err == nil {
		s.message = text
	}
	whole, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(from.Get("Grpc-Status-Details-Bin"), "="))
	if err != nil {
		return s
	}
	for f := otlpwire.Scan(whole); f.Next(); {
		if f.Num == 3 {
			s.details = append(s.details, f.Bytes())
		}
	}
	return s
}

// codeOfHTTP is gRPC's own table for what is not from gRPC, such as a proxy.
func codeOfHTTP(code int) codes.Code {
	switch code {
	case http.StatusBadRequest:
		return codes.Internal
	case http.StatusUnauthorized:
		return codes.Unauthenticated
	case http.StatusForbidden:
		return codes.PermissionDenied
	case http.StatusNotFound:
		return codes.Unimplemented
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return codes.Unavailable
	}
	return codes.Unknown
}

func (s *grpcSender) refused(st *callError) error {
	e := &Error{endpoint: "grpc://" + s.host, Status: st.code.String(), Message: clip([]byte(st.message)), cause: st}
	wait, asked := st.retryInfo()
	e.RetryAfter = wait
	e.verdict = grpcVerdict(st.code, asked)
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
// trying again can help at all: by a google.rpc.RetryInfo in a
// google.protobuf.Any (type 1, value 2), whose field 1 is the Duration.
func (s *callError) retryInfo() (wait time.Duration, ok bool) {
	for _, detail := range s.details {
		var name string
		var info []byte
		for f := otlpwire.Scan(detail); f.Next(); {
			switch f.Num {
			case 1:
				name = string(f.Bytes())
			case 2:
				info = f.Bytes()
			}
		}
		if strings.HasSuffix(name, "/google.rpc.RetryInfo") {
			for f := otlpwire.Scan(info); f.Next(); {
				if f.Num == 1 {
					wait = duration(f.Bytes())
				}
			}
			return min(max(wait, 0), maxRetryAfter), true
		}
	}
	return 0, false
}

// duration reads a google.protobuf.Duration: seconds 1, nanoseconds 2. What is
// longer than anyone waits is that long.
func duration(msg []byte) (d time.Duration) {
	for f := otlpwire.Scan(msg); f.Next(); {
		switch f.Num {
		case 1:
			d += time.Duration(min(int64(f.Varint()), int64(maxRetryAfter/time.Second))) * time.Second
		case 2:
			d += time.Duration(int32(f.Varint()))
		}
	}
	return d
}
