package table

import "github.com/ttlog/ttlog/internal/otlpwire"

// span adds a Span message as a row.
func (d *decoder) span(scope uint32, msg []byte) error {
	g := &d.chunk.Rows
	row := g.N
	l := g.Leaves
	l[LeafScope].setCode(row, scope)
	attrs := &g.Sets[setAttrs]
	events, links := &g.Lists[listEvents], &g.Lists[listLinks]
	firstEvent, firstLink := events.Items.N, links.Items.N
	var start, end uint64
	extra := len(d.extra)
	f := otlpwire.Scan(msg)
	for f.Next() {
		var err error
		switch f.Num {
		case otlpwire.SpanTraceID:
			err = setTraceID(&l[SpanTraceID], row, f.Bytes())
		case otlpwire.SpanSpanID:
			err = setSpanID(&l[SpanSpanID], row, f.Bytes())
		case otlpwire.SpanTraceState:
			l[SpanTraceState].setBytes(row, f.Bytes())
		case otlpwire.SpanParentSpanID:
			err = setSpanID(&l[SpanParentID], row, f.Bytes())
		case otlpwire.SpanName:
			l[SpanName].setBytes(row, f.Bytes())
		case otlpwire.SpanKind:
			l[SpanKindLeaf].setInt(row, int64(int32(f.Varint())))
		case otlpwire.SpanStartTimeUnixNano:
			start = f.Fixed64()
		case otlpwire.SpanEndTimeUnixNano:
			end = f.Fixed64()
		case otlpwire.SpanAttributes:
			err = attrs.addMessage(row, f.Bytes())
		case otlpwire.SpanDroppedAttributesCount:
			l[SpanDroppedAttrs].setInt(row, int64(uint32(f.Varint())))
		case otlpwire.SpanEvents:
			err = d.event(&events.Items, f.Bytes())
		case otlpwire.SpanDroppedEventsCount:
			l[SpanDroppedEvents].setInt(row, int64(uint32(f.Varint())))
		case otlpwire.SpanLinks:
			err = d.link(&links.Items, f.Bytes())
		case otlpwire.SpanDroppedLinksCount:
			l[SpanDroppedLinks].setInt(row, int64(uint32(f.Varint())))
		case otlpwire.SpanStatus:
			err = d.status(row, f.Bytes())
		case otlpwire.SpanFlags:
			l[SpanFlags].setInt(row, int64(f.Fixed32()))
		default:
			d.extra, err = keep(d.extra, &f)
		}
		if err != nil {
			return err
		}
	}
	if err := f.Err(); err != nil {
		return err
	}
	l[SpanStart].setInt(row, int64(start))
	l[SpanDuration].setInt(row, int64(end-start))
	d.endExtra(&l[spanExtra], row, extra)
	attrs.endRow(row)
	// Each event stands relative to the one before it, the first to the start,
	// which may come behind them in the message.
	times := &events.Items.Leaves[eventTime]
	before := int64(start)
	for i := firstEvent; i < events.Items.N; i++ {
		at := times.Int(i)
		times.setInt(i, at-before)
		before = at
	}
	events.Counts.setInt(row, int64(events.Items.N-firstEvent))
	links.Counts.setInt(row, int64(links.Items.N-firstLink))
	g.N++
	return nil
}

func (d *decoder) status(row int, msg []byte) error {
	l := d.chunk.Rows.Leaves
	f := otlpwire.Scan(msg)
	for f.Next() {
		switch f.Num {
		case otlpwire.StatusMessage:
			l[SpanStatusMessage].setBytes(row, f.Bytes())
		case otlpwire.StatusCode:
			l[SpanStatusCode].setInt(row, int64(int32(f.Varint())))
		}
	}
	return f.Err()
}

func (d *decoder) event(g *Group, msg []byte) error {
	row := g.N
	l := g.Leaves
	extra := len(d.extra)
	f := otlpwire.Scan(msg)
	for f.Next() {
		var err error
		switch f.Num {
		case otlpwire.EventTimeUnixNano:
			l[eventTime].setInt(row, int64(f.Fixed64()))
		case otlpwire.EventName:
			l[eventName].setBytes(row, f.Bytes())
		case otlpwire.EventAttributes:
			err = g.Sets[setAttrs].addMessage(row, f.Bytes())
		case otlpwire.EventDroppedAttributesCount:
			l[eventDropped].setInt(row, int64(uint32(f.Varint())))
		default:
			d.extra, err = keep(d.extra, &f)
		}
		if err != nil {
			return err
		}
	}
	d.endExtra(&l[eventExtra], row, extra)
	g.Sets[setAttrs].endRow(row)
	g.N++
	return f.Err()
}

func (d *decoder) link(g *Group, msg []byte) error {
	row := g.N
	l := g.Leaves
	extra := len(d.extra)
	f := otlpwire.Scan(msg)
	for f.Next() {
		var err error
		switch f.Num {
		case otlpwire.LinkTraceID:
			err = setTraceID(&l[linkTraceID], row, f.Bytes())
		case otlpwire.LinkSpanID:
			err = setSpanID(&l[linkSpanID], row, f.Bytes())
		case otlpwire.LinkTraceState:
			l[linkTraceState].setBytes(row, f.Bytes())
		case otlpwire.LinkAttributes:
			err = g.Sets[setAttrs].addMessage(row, f.Bytes())
		case otlpwire.LinkDroppedAttributesCount:
			l[linkDropped].setInt(row, int64(uint32(f.Varint())))
		case otlpwire.LinkFlags:
			l[linkFlags].setInt(row, int64(f.Fixed32()))
		default:
			d.extra, err = keep(d.extra, &f)
		}
		if err != nil {
			return err
		}
	}
	d.endExtra(&l[linkExtra], row, extra)
	g.Sets[setAttrs].endRow(row)
	g.N++
	return f.Err()
}
