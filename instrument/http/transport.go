package ttloghttp

import (
	"net/http"

	"go.opentelemetry.io/otel/propagation"

	"github.com/ttlog/ttlog/instrument/internal/httpsemconv"
)

type transport struct {
	cfg    config
	client *httpsemconv.Client
	base   http.RoundTripper
}

// NewTransport returns a transport that sends with base and records each
// request as a client span and in the metric http.client.request.duration. It
// writes the trace context into the headers of a copy of the request. A nil
// base means [http.DefaultTransport].
func NewTransport(base http.RoundTripper, opts ...Option) http.RoundTripper {
	if base == nil {
		base = http.DefaultTransport
	}
	cfg := newConfig(opts)
	cc := httpsemconv.ClientConfig{Tracer: cfg.tracer(), Meter: cfg.meter(), Redactor: cfg.redactor()}
	if name := cfg.spanName; name != nil {
		cc.SpanName = func(r *http.Request) string { return name("", r) }
	}
	return &transport{cfg: cfg, client: httpsemconv.NewClient(cc), base: base}
}

// RoundTrip implements [http.RoundTripper].
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if !t.cfg.traced(r) {
		return t.base.RoundTrip(r)
	}
	ctx, call := t.client.Start(r)
	sent := r.WithContext(ctx)
	// A round tripper must not change the request it was given; r.Clone would
	// copy its URL and trailers too.
	if sent.Header = r.Header.Clone(); sent.Header == nil {
		sent.Header = make(http.Header)
	}
	t.cfg.propagators.Inject(ctx, propagation.HeaderCarrier(sent.Header))

	finished := false
	defer func() {
		if !finished {
			call.End(errPanicked)
		}
	}()
	res, err := t.base.RoundTrip(sent)
	finished = true
	if err != nil || res == nil {
		call.End(err)
		return res, err
	}
	call.Respond(res)
	res.Body = newBody(res, call)
	return res, nil
}

// CloseIdleConnections lets [http.Client.CloseIdleConnections] through.
func (t *transport) CloseIdleConnections() {
	if c, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}
