package table

import (
	"slices"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

// log adds a LogRecord message as a row.
func (d *decoder) log(scope uint32, msg []byte) error {
	g := &d.chunk.Rows
	row := g.N
	l := g.Leaves
	l[LeafScope].setCode(row, scope)
	attrs, body := &g.Sets[setAttrs], &g.Sets[SetBody]
	var rawBody []byte
	hasBody := false
	extra := len(d.extra)
	f := otlpwire.Scan(msg)
	for f.Next() {
		var err error
		switch f.Num {
		case otlpwire.LogRecordTimeUnixNano:
			l[LogTime].setInt(row, int64(f.Fixed64()))
		case otlpwire.LogRecordObservedTimeUnixNano:
			l[LogObserved].setInt(row, int64(f.Fixed64()))
		case otlpwire.LogRecordSeverityNumber:
			l[LogSeverityNumber].setInt(row, int64(int32(f.Varint())))
		case otlpwire.LogRecordSeverityText:
			l[LogSeverityText].setBytes(row, f.Bytes())
		case otlpwire.LogRecordBody:
			// Messages that come twice are merged, which for bytes is to put
			// one behind the other. The first aliases the request: appending
			// to it copies, once however many there are.
			if hasBody {
				rawBody = append(rawBody, f.Bytes()...)
			} else {
				rawBody, hasBody = slices.Clip(f.Bytes()), true
			}
		case otlpwire.LogRecordAttributes:
			err = attrs.addMessage(row, f.Bytes())
		case otlpwire.LogRecordDroppedAttributesCount:
			l[LogDropped].setInt(row, int64(uint32(f.Varint())))
		case otlpwire.LogRecordFlags:
			l[LogFlags].setInt(row, int64(f.Fixed32()))
		case otlpwire.LogRecordTraceID:
			err = setTraceID(&l[LogTraceID], row, f.Bytes())
		case otlpwire.LogRecordSpanID:
			err = setSpanID(&l[LogSpanID], row, f.Bytes())
		case otlpwire.LogRecordEventName:
			l[LogEventName].setBytes(row, f.Bytes())
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
	if hasBody {
		v, err := parseValue(rawBody, 0)
		if err != nil {
			return err
		}
		if v.odd {
			body.addRaw(row, otlpwire.AppendBytes(nil, otlpwire.KeyValueValue, rawBody))
		} else {
			v.once()
			body.add(row, nil, v)
		}
		body.endRow(row)
	}
	if t := l[LogTime].Int(row); t != 0 {
		l[LogObserved].setInt(row, relateObserved(l[LogObserved].Int(row)-t, t))
	}
	d.endExtra(&l[logExtra], row, extra)
	attrs.endRow(row)
	g.N++
	return nil
}
