package otlp

import (
	"crypto/tls"
	"fmt"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

// Limits and defaults of a client.
const (
	defaultTimeout         = 10 * time.Second
	defaultInitialInterval = 500 * time.Millisecond
	defaultMaxInterval     = 30 * time.Second
	defaultMaxElapsed      = time.Minute
	// maxRetryAfter bounds what a collector may ask us to wait: one that
	// names a date in the next century must not stop forwarding for good.
	maxRetryAfter = 10 * time.Minute
	// maxResponseBytes is how much of an answer is read. An answer is an
	// empty message or a few lines of error text.
	maxResponseBytes = 64 << 10
	userAgent        = "ttlog-otlp-forwarder"
)

// Protocol is the transport of OTLP, spelled as OTEL_EXPORTER_OTLP_PROTOCOL is.
type Protocol string

// The protocols. ProtocolFromScheme, the default, takes gRPC for grpc:// and
// grpcs:// and HTTP for http:// and https://.
const (
	ProtocolFromScheme Protocol = ""
	ProtocolGRPC       Protocol = "grpc"
	ProtocolHTTP       Protocol = "http/protobuf"
)

// Compression of the request bodies, spelled as OTEL_EXPORTER_OTLP_COMPRESSION is.
type Compression string

// The compressions. The default is gzip, which every OTLP server must accept.
const (
	CompressionDefault Compression = ""
	CompressionGzip    Compression = "gzip"
	CompressionNone    Compression = "none"
)

// Target says where and how requests are sent.
type Target struct {
	// Endpoint is http://host:4318 (the signal's path, /v1/traces and so on,
	// is appended), https://…, grpc://host:4317 or grpcs://host:4317. With
	// Protocol set to gRPC the schemes http and https mean without and with
	// TLS, and host:port alone is taken as well.
	Endpoint string
	// ExactURL sends to Endpoint as it is, without appending the signal's
	// path. It matters for HTTP only.
	ExactURL bool
	// Protocol overrides what the scheme says.
	Protocol Protocol
	// Headers are sent with each request (as metadata over gRPC).
	Headers map[string]string
	// Compression of the bodies; the default is gzip.
	Compression Compression
	// Timeout bounds one attempt; 0 means 10 s, below 0 no bound.
	Timeout time.Duration
	// Insecure turns TLS off for an endpoint that names no scheme.
	Insecure bool
	// CAFile, CertFile and KeyFile are PEM files: the authorities to trust
	// instead of the system's, and the client's certificate and key.
	CAFile, CertFile, KeyFile string
	// TLS, when set, is used (cloned) in place of what the files say.
	TLS *tls.Config
}

// Retry says how long Forward keeps trying.
type Retry struct {
	// InitialInterval is the first pause, about; 0 means 500 ms. Each pause
	// is drawn from half to one and a half times the interval.
	InitialInterval time.Duration
	// MaxInterval bounds the growth of the interval; 0 means 30 s.
	MaxInterval time.Duration
	// MaxElapsed ends a call that has not succeeded; 0 means one minute,
	// below 0 only the context ends it.
	MaxElapsed time.Duration
	// Disabled makes Forward return after one attempt.
	Disabled bool
}

// Options of a client. Target holds for the signals that have none of their own.
type Options struct {
	Target
	// Traces, Logs and Metrics replace Target for their signal when not nil.
	Traces, Logs, Metrics *Target
	// Retry is the policy within one call of Forward.
	Retry Retry
	// Via, where set, returns what each request carries so that forwarders which
	// form a circle are found.
	Via func() string
}

// target returns the target of a signal, with defaults filled in. Its Endpoint
// is empty when the signal is not forwarded.
func (o Options) target(s otlpwire.Signal) Target {
	t := o.Target
	if own := o.own(s); own != nil {
		t = *own
	}
	if t.Timeout == 0 {
		t.Timeout = defaultTimeout
	}
	if t.Compression == CompressionDefault {
		t.Compression = CompressionGzip
	}
	return t
}

// own returns the target a signal has for itself, or nil.
func (o Options) own(s otlpwire.Signal) *Target {
	switch s {
	case otlpwire.Traces:
		return o.Traces
	case otlpwire.Logs:
		return o.Logs
	case otlpwire.Metrics:
		return o.Metrics
	}
	return nil
}

func (t Target) validate() error {
	switch t.Compression {
	case CompressionGzip, CompressionNone:
	default:
		return fmt.Errorf("compression %q: want gzip or none", t.Compression)
	}
	switch t.Protocol {
	case ProtocolFromScheme, ProtocolGRPC, ProtocolHTTP:
	default:
		return fmt.Errorf("protocol %q: want grpc or http/protobuf", t.Protocol)
	}
	if (t.CertFile == "") != (t.KeyFile == "") {
		return fmt.Errorf("client certificate %q and key %q: want both or none", t.CertFile, t.KeyFile)
	}
	// Either transport would fail each request for it. Values are often secrets.
	for name, value := range t.Headers {
		if err := validateHeader(name, value); err != nil {
			return err
		}
	}
	return nil
}

func validateHeader(name, value string) error {
	if !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) {
		return fmt.Errorf("header %q: its name or its value cannot be sent", name)
	}
	return nil
}

func (r Retry) withDefaults() Retry {
	if r.InitialInterval <= 0 {
		r.InitialInterval = defaultInitialInterval
	}
	if r.MaxInterval <= 0 {
		r.MaxInterval = defaultMaxInterval
	}
	r.MaxInterval = max(r.MaxInterval, r.InitialInterval)
	if r.MaxElapsed == 0 {
		r.MaxElapsed = defaultMaxElapsed
	}
	return r
}
