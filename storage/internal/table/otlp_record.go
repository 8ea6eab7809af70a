package table

import "github.com/ttlog/ttlog/internal/otlpwire"

// span appends the fields of row i's Span message.
func (w *writer) span(dst []byte, i int) []byte {
	l := w.c.Rows.Leaves
	start := l[SpanStart].Int(i)
	dst = appendString(dst, otlpwire.SpanTraceID, l[SpanTraceID].Str(i))
	dst = appendSpanID(dst, otlpwire.SpanSpanID, l[SpanSpanID].Int(i))
	dst = appendString(dst, otlpwire.SpanTraceState, l[SpanTraceState].Str(i))
	dst = appendSpanID(dst, otlpwire.SpanParentSpanID, l[SpanParentID].Int(i))
	dst = appendString(dst, otlpwire.SpanName, l[SpanName].Str(i))
	dst = appendVarint(dst, otlpwire.SpanKind, l[SpanKindLeaf].Int(i))
	dst = appendFixed64(dst, otlpwire.SpanStartTimeUnixNano, start)
	dst = appendFixed64(dst, otlpwire.SpanEndTimeUnixNano, start+l[SpanDuration].Int(i))
	dst = w.attrs.append(dst, otlpwire.SpanAttributes, i)
	dst = appendVarint(dst, otlpwire.SpanDroppedAttributesCount, l[SpanDroppedAttrs].Int(i))
	var mark int
	events := &w.children[listEvents]
	at := start
	for k := events.starts[i]; k < events.starts[i+1]; k++ {
		dst, mark = begin(dst, otlpwire.SpanEvents)
		at += events.items.Leaves[eventTime].Int(int(k))
		dst = events.event(dst, at, int(k))
		dst = end(dst, mark)
	}
	dst = appendVarint(dst, otlpwire.SpanDroppedEventsCount, l[SpanDroppedEvents].Int(i))
	links := &w.children[listLinks]
	for k := links.starts[i]; k < links.starts[i+1]; k++ {
		dst, mark = begin(dst, otlpwire.SpanLinks)
		dst = links.link(dst, int(k))
		dst = end(dst, mark)
	}
	dst = appendVarint(dst, otlpwire.SpanDroppedLinksCount, l[SpanDroppedLinks].Int(i))
	message, code := l[SpanStatusMessage].Str(i), l[SpanStatusCode].Int(i)
	if message != "" || code != 0 {
		dst, mark = begin(dst, otlpwire.SpanStatus)
		dst = appendString(dst, otlpwire.StatusMessage, message)
		dst = appendVarint(dst, otlpwire.StatusCode, code)
		dst = end(dst, mark)
	}
	dst = appendFixed32(dst, otlpwire.SpanFlags, l[SpanFlags].Int(i))
	return append(dst, l[spanExtra].Str(i)...)
}

func (c *childWriter) event(dst []byte, at int64, i int) []byte {
	l := c.items.Leaves
	dst = appendFixed64(dst, otlpwire.EventTimeUnixNano, at)
	dst = appendString(dst, otlpwire.EventName, l[eventName].Str(i))
	dst = c.attrs.append(dst, otlpwire.EventAttributes, i)
	dst = appendVarint(dst, otlpwire.EventDroppedAttributesCount, l[eventDropped].Int(i))
	return append(dst, l[eventExtra].Str(i)...)
}

func (c *childWriter) link(dst []byte, i int) []byte {
	l := c.items.Leaves
	dst = appendString(dst, otlpwire.LinkTraceID, l[linkTraceID].Str(i))
	dst = appendSpanID(dst, otlpwire.LinkSpanID, l[linkSpanID].Int(i))
	dst = appendString(dst, otlpwire.LinkTraceState, l[linkTraceState].Str(i))
	dst = c.attrs.append(dst, otlpwire.LinkAttributes, i)
	dst = appendVarint(dst, otlpwire.LinkDroppedAttributesCount, l[linkDropped].Int(i))
	dst = appendFixed32(dst, otlpwire.LinkFlags, l[linkFlags].Int(i))
	return append(dst, l[linkExtra].Str(i)...)
}

// log appends the fields of row i's LogRecord message.
func (w *writer) log(dst []byte, i int) []byte {
	l := w.c.Rows.Leaves
	at := l[LogTime].Int(i)
	dst = appendFixed64(dst, otlpwire.LogRecordTimeUnixNano, at)
	dst = appendVarint(dst, otlpwire.LogRecordSeverityNumber, l[LogSeverityNumber].Int(i))
	dst = appendString(dst, otlpwire.LogRecordSeverityText, l[LogSeverityText].Str(i))
	dst = w.logBody(dst, i)
	dst = w.attrs.append(dst, otlpwire.LogRecordAttributes, i)
	dst = appendVarint(dst, otlpwire.LogRecordDroppedAttributesCount, l[LogDropped].Int(i))
	dst = appendFixed32(dst, otlpwire.LogRecordFlags, l[LogFlags].Int(i))
	dst = appendString(dst, otlpwire.LogRecordTraceID, l[LogTraceID].Str(i))
	dst = appendSpanID(dst, otlpwire.LogRecordSpanID, l[LogSpanID].Int(i))
	dst = appendFixed64(dst, otlpwire.LogRecordObservedTimeUnixNano, observed(l, i))
	dst = appendString(dst, otlpwire.LogRecordEventName, l[LogEventName].Str(i))
	return append(dst, l[logExtra].Str(i)...)
}

func (w *writer) logBody(dst []byte, i int) []byte {
	shape := w.body.set.ShapeAt(i)
	if len(shape) == 0 {
		return dst
	}
	c := w.body.set.Cols[shape[0]]
	at := int(w.body.values[w.body.starts[i]])
	if c.Type != TypeRaw {
		v := c.at(at)
		dst = otlpwire.AppendHeader(dst, otlpwire.LogRecordBody, v.size())
		return v.appendAny(dst)
	}
	for f := otlpwire.Scan([]byte(c.Leaf.Str(at))); f.Next(); {
		if f.Num == otlpwire.KeyValueValue {
			return otlpwire.AppendBytes(dst, otlpwire.LogRecordBody, f.Bytes())
		}
	}
	return dst
}
