package otelhttp

import (
	"context"
	"slices"
	"sync"

	"go.opentelemetry.io/otel/attribute"
)

// Labeler collects attributes for the measurements of one request. The zero
// value is empty; it is safe for concurrent use.
type Labeler struct {
	mu    sync.Mutex
	attrs []attribute.KeyValue
}

// Add adds attributes.
func (l *Labeler) Add(ls ...attribute.KeyValue) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.attrs = append(l.attrs, ls...)
}

// Get returns a copy of the attributes.
func (l *Labeler) Get() []attribute.KeyValue {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.attrs)
}

// labels is where the labeler of a request is in its context: a server's is
// another than a client's, so that a handler's context may go on to a request.
type labels struct{ key labelerContextKey }

type labelerContextKey int

const (
	labelerKey labelerContextKey = iota
	clientLabelerKey
)

func (l labels) from(ctx context.Context) (*Labeler, bool) {
	labeler, ok := ctx.Value(l.key).(*Labeler)
	if !ok {
		labeler = &Labeler{}
	}
	return labeler, ok
}

// within puts a labeler into ctx unless there is one.
func (l labels) within(ctx context.Context) context.Context {
	labeler, ok := l.from(ctx)
	if ok {
		return ctx
	}
	return context.WithValue(ctx, l.key, labeler)
}

func (l labels) get(ctx context.Context) []attribute.KeyValue {
	labeler, _ := l.from(ctx)
	return labeler.Get()
}

// ContextWithLabeler returns a context with a labeler for the handlers that are
// called with it.
func ContextWithLabeler(parent context.Context, l *Labeler) context.Context {
	return context.WithValue(parent, labelerKey, l)
}

// LabelerFromContext returns the labeler of the request that is served. Outside
// of one it is a new one that goes nowhere, and the second value is false.
func LabelerFromContext(ctx context.Context) (*Labeler, bool) { return labels{labelerKey}.from(ctx) }

// ContextWithClientLabeler returns a context with a labeler for the requests that
// are sent with it.
func ContextWithClientLabeler(parent context.Context, l *Labeler) context.Context {
	return context.WithValue(parent, clientLabelerKey, l)
}

// ClientLabelerFromContext is [LabelerFromContext] for requests that are sent.
func ClientLabelerFromContext(ctx context.Context) (*Labeler, bool) {
	return labels{clientLabelerKey}.from(ctx)
}
