package otlpsdk

import (
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

// Resource encodes the payload of an [otlpwire.KindResource] entry: the fields
// that ResourceSpans, ResourceLogs and ResourceMetrics share. A nil resource
// is the empty one.
func (e *Encoder) Resource(r *resource.Resource) ([]byte, error) {
	e.reset()
	e.resource(r)
	return e.finish()
}

// Scope encodes the payload of an [otlpwire.KindScope] entry: the catalog id of
// the resource and the fields that ScopeSpans, ScopeLogs and ScopeMetrics
// share.
func (e *Encoder) Scope(resourceID uint32, s *instrumentation.Scope) ([]byte, error) {
	e.reset()
	e.scope(s)
	e.ref(resourceID)
	return e.finish()
}

// ref puts the catalog id of a record in front.
func (e *Encoder) ref(id uint32) {
	if e.room(otlpwire.RefSize) {
		e.at -= otlpwire.RefSize
		otlpwire.PutRef(e.buf[e.at:], id)
	}
}

func (e *Encoder) resource(r *resource.Resource) {
	e.textIf(otlpwire.GroupSchemaURL, r.SchemaURL())
	if r.Len() == 0 {
		return
	}
	end := e.len()
	e.set(otlpwire.ResourceAttributes, r.Set())
	e.close(otlpwire.GroupResource, end)
}

func (e *Encoder) scope(s *instrumentation.Scope) {
	e.textIf(otlpwire.ScopeGroupSchemaURL, s.SchemaURL)
	end := e.len()
	e.set(otlpwire.ScopeAttributes, &s.Attributes)
	e.textIf(otlpwire.ScopeVersion, s.Version)
	e.textIf(otlpwire.ScopeName, s.Name)
	if e.len() > end {
		e.close(otlpwire.ScopeGroupScope, end)
	}
}
