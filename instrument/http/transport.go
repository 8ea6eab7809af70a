package ttloghttp

import (
	"net/http"
	"net/http/httptrace"

	"go.opentelemetry.io/otel/propagation"

	"github.com/ttlog/ttlog/instrument/internal/httpsemconv"
)

type transport struct {
	cfg    config
	client *httpsemconv.Client
	base   http.RoundTripper
}

// NewTransport returns a transport that sends with base and records each
// request as a client span and in the metrics http.client.request.duration,
// http.client.active_requests, http.client.request.body.size and
// http.client.response.body.size. It writes the trace context into the headers
// of a copy of the request. A nil base means [http.DefaultTransport].
func NewTransport(base http.RoundTripper, opts ...Option) http.RoundTripper {
	if base == nil {
		base = http.DefaultTransport
	}
	cfg := newConfig(opts)
	return &transport{cfg: cfg, client: cfg.client(), base: base}
}

// RoundTrip implements [http.RoundTripper].
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if t.client.Off(r.Context()) || !t.cfg.traced(r) {
		return t.base.RoundTrip(r)
	}
	call := &outgoing{}
	ctx := t.client.Start(r, &call.Call)
	if t.cfg.context != nil {
		ctx = t.cfg.context(ctx)
	}
	if t.cfg.clientTrace != nil {
		ctx = httptrace.WithClientTrace(ctx, t.cfg.clientTrace(ctx))
	}
	sent := &call.sent
	*sent = *r.WithContext(ctx)
	if !t.client.Silent() {
		// A round tripper must not change the request it was given; r.Clone
		// would copy its URL and trailers too.
		if sent.Header = r.Header.Clone(); sent.Header == nil {
			sent.Header = make(http.Header)
		}
		t.cfg.propagators.Inject(ctx, propagation.HeaderCarrier(sent.Header))
	}
	call.Sends(sent)

	finished := false
	defer func() {
		if !finished {
			call.End(errPanicked, -1)
		}
	}()
	res, err := t.base.RoundTrip(sent)
	finished = true
	switch {
	case err != nil:
		call.End(err, -1)
	case res == nil:
		call.End(errNoResponse, -1) // which http.Client answers with an error of its own
	default:
		call.Respond(res)
		res.Body = newBody(res, call)
	}
	return res, err
}

// CloseIdleConnections lets [http.Client.CloseIdleConnections] through.
func (t *transport) CloseIdleConnections() {
	if c, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}
