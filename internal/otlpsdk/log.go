package otlpsdk

import (
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/log"
	sdklog "go.opentelemetry.io/otel/sdk/log"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

// LogRecord encodes the payload of an [otlpwire.KindLog] record: the catalog id
// of the record's scope and the LogRecord message.
func (e *Encoder) LogRecord(scopeID uint32, r *sdklog.Record) ([]byte, error) {
	e.reset()
	e.log(r)
	e.ref(scopeID)
	return e.finish()
}

// log puts the content of a LogRecord message in front.
func (e *Encoder) log(r *sdklog.Record) {
	e.textIf(otlpwire.LogRecordEventName, r.EventName())
	e.fixed64If(otlpwire.LogRecordObservedTimeUnixNano, unixNano(r.ObservedTimestamp()))
	if id := r.SpanID(); id.IsValid() {
		e.bytes(otlpwire.LogRecordSpanID, id[:])
	}
	if id := r.TraceID(); id.IsValid() {
		e.bytes(otlpwire.LogRecordTraceID, id[:])
	}
	if f := r.TraceFlags(); f != 0 {
		e.fixed32(otlpwire.LogRecordFlags, uint32(f))
	}
	e.countIf(otlpwire.LogRecordDroppedAttributesCount, r.DroppedAttributes())
	e.logAttributes(r)
	if body := r.Body(); body.Type() != attribute.EMPTY {
		end := e.len()
		e.value(&body, 0)
		e.close(otlpwire.LogRecordBody, end)
	}
	e.textIf(otlpwire.LogRecordSeverityText, r.SeverityText())
	// The API's severities and OTLP's have the same numbers.
	if s := r.Severity(); s >= log.SeverityTrace1 && s <= log.SeverityFatal4 {
		e.varint(otlpwire.LogRecordSeverityNumber, uint64(s))
	}
	e.fixed64If(otlpwire.LogRecordTimeUnixNano, unixNano(r.Timestamp()))
}

// logAttributes gathers the attributes first: the SDK walks them forward only.
func (e *Encoder) logAttributes(r *sdklog.Record) {
	if r.AttributesLen() == 0 {
		return
	}
	kvs := e.kvs[:0]
	r.WalkAttributes(func(kv attribute.KeyValue) bool {
		kvs = append(kvs, kv)
		return true
	})
	e.keyValues(otlpwire.LogRecordAttributes, kvs, 0)
	clear(kvs) // the pool must not keep the caller's values alive
	e.kvs = kvs
}
