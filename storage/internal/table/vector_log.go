package table

import (
	"strings"

	"github.com/ttlog/ttlog/storage/column"
)

var levelNames = []string{"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"}

// level returns the level name of a log record, "" for none.
func level(number int64, text string) string {
	if number >= 1 && number <= 24 {
		return levelNames[(number-1)/4]
	}
	return strings.ToUpper(text)
}

// logField returns a fixed column of log records.
func (b *Block) logField(name string) (*column.Vector, error) {
	switch name {
	case "timestamp":
		return b.logTimes(b.c.Time, (*runs).pushInt)
	case "observed_timestamp":
		return b.logTimes(func(i int) int64 { return observed(b.c.Rows.Leaves, i) }, (*runs).pushNonZero)
	case "level":
		return b.levelField()
	case "severity_number":
		return b.intField(LogSeverityNumber, column.TypeInt64)
	case "severity_text":
		return b.stringField(LogSeverityText)
	case "body":
		return b.bodyField()
	case "event_name":
		return b.stringField(LogEventName)
	case "trace_id":
		return b.traceField(LogTraceID)
	case "span_id":
		return b.spanIDField(LogSpanID)
	case "flags":
		return b.intField(LogFlags, column.TypeInt64)
	case "dropped_attributes_count":
		return b.intField(LogDropped, column.TypeInt64)
	}
	return nil, nil
}

// logTimes returns a column of times that are made of both stored ones.
func (b *Block) logTimes(pick func(row int) int64, push func(*runs, int64)) (*column.Vector, error) {
	if _, err := b.leaf(LogTime); err != nil {
		return nil, err
	}
	if _, err := b.leaf(LogObserved); err != nil {
		return nil, err
	}
	out := newRuns(column.TypeTimestamp, b.c.Rows.N)
	for i := range b.c.Rows.N {
		push(out, pick(i))
	}
	return out.vector(), nil
}

func (b *Block) levelField() (*column.Vector, error) {
	number, err := b.leaf(LogSeverityNumber)
	if err != nil {
		return nil, err
	}
	text, err := b.leaf(LogSeverityText)
	if err != nil {
		return nil, err
	}
	out := newRuns(column.TypeString, b.c.Rows.N)
	for i := range b.c.Rows.N {
		if s := level(number.Int(i), text.Str(i)); s != "" {
			out.pushString(s)
		} else {
			out.pushNull()
		}
	}
	return out.vector(), nil
}

// bodyField returns the bodies: strings as they are, all else as JSON text.
func (b *Block) bodyField() (*column.Vector, error) {
	s := &b.c.Rows.Sets[SetBody]
	if err := s.ensureAll(); err != nil {
		return nil, err
	}
	n := b.c.Rows.N
	if len(s.Cols) == 1 && s.Cols[0].Type == column.TypeString && s.Cols[0].N == n && s.damage() == nil {
		return codeVector(column.TypeString, s.Cols[0].Leaf.Codes, s.Cols[0].Leaf.Dict.Values, n), nil
	}
	out := newRuns(column.TypeString, n)
	w := newAttrWriter(s, n)
	for i := range n {
		var v value
		if len(s.ShapeAt(i)) > 0 && !w.lost(i, 0) {
			_, v = w.attr(i, 0)
		}
		switch v.typ {
		case column.TypeNone:
			out.pushNull()
		case column.TypeString:
			out.pushString(v.text())
		default:
			out.pushString(v.json())
		}
	}
	return out.vector(), nil
}
