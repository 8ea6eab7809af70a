package table

import (
	"math"
	"slices"
	"strconv"

	"github.com/ttlog/ttlog/storage/column"
)

var (
	kindNames   = []string{"unspecified", "internal", "server", "client", "producer", "consumer"}
	statusNames = []string{"unset", "ok", "error"}
)

// statusError is the status code of a span that failed.
const statusError = 2

// enumName returns the name of value v, or v itself as digits when it has none.
func enumName(names []string) func(v int64) string {
	return func(v int64) string {
		if v >= 0 && v < int64(len(names)) {
			return names[v]
		}
		return strconv.FormatInt(v, 10)
	}
}

// spanField returns a fixed column of spans.
func (b *Block) spanField(name string) (*column.Vector, error) {
	switch name {
	case "timestamp":
		return b.intField(SpanStart, column.TypeTimestamp)
	case "end_timestamp":
		return b.spanTimes(column.TypeTimestamp, func(t spanTimes) (int64, bool) { return t.end(), t.ended() })
	case "duration":
		return b.durationField()
	case "clock_skew":
		return b.spanTimes(column.TypeBool, func(t spanTimes) (int64, bool) { return boolInt(t.skewed()), true })
	case "trace_id":
		return b.traceField(SpanTraceID)
	case "span_id":
		return b.spanIDField(SpanSpanID)
	case "parent_span_id":
		return b.spanIDField(SpanParentID)
	case "name":
		return b.stringField(SpanName)
	case "kind":
		return b.enumField(SpanKindLeaf, enumName(kindNames))
	case "status":
		return b.enumField(SpanStatusCode, enumName(statusNames))
	case "error":
		return b.errorField()
	case "status_message":
		return b.stringField(SpanStatusMessage)
	case "trace_state":
		return b.stringField(SpanTraceState)
	case "flags":
		return b.intField(SpanFlags, column.TypeInt64)
	case "dropped_attributes_count":
		return b.intField(SpanDroppedAttrs, column.TypeInt64)
	case "dropped_events_count":
		return b.intField(SpanDroppedEvents, column.TypeInt64)
	case "dropped_links_count":
		return b.intField(SpanDroppedLinks, column.TypeInt64)
	case "root_span":
		return b.rootField()
	case "events_count":
		return b.countField(listEvents)
	case "exceptions_count":
		return b.exceptionsField()
	case "links_count":
		return b.countField(listLinks)
	case "events":
		return b.eventsField()
	case "links":
		return b.linksField()
	}
	return nil, nil
}

func (b *Block) errorField() (*column.Vector, error) {
	l, err := b.leaf(SpanStatusCode)
	if err != nil {
		return nil, err
	}
	out := newRuns(column.TypeBool, b.c.Rows.N)
	for i := 0; i < b.c.Rows.N; {
		end := l.runEnd(i, b.c.Rows.N)
		out.pushInts(boolInt(l.Int(i) == statusError), end-i)
		i = end
	}
	return out.vector(), nil
}

// rootField returns which spans have no parent. Which one the others have is not
// read for it where the part can tell without.
func (b *Block) rootField() (*column.Vector, error) {
	n := b.c.Rows.N
	l := &b.c.Rows.Leaves[SpanParentID]
	out := newRuns(column.TypeBool, n)
	if l.Load != nil && l.Nonzero != nil {
		if has, err := l.Nonzero(n); err == nil {
			for i := range n {
				out.pushInts(int64(has[i/64]>>(i%64)&1^1), 1)
			}
			return out.vector(), nil
		} // what cannot be read is said by the leaf
	}
	if _, err := b.leaf(SpanParentID); err != nil {
		return nil, err
	}
	for i := range n {
		out.pushInts(boolInt(l.Int(i) == 0), 1)
	}
	return out.vector(), nil
}

// countField returns how many items of a list each row has. It is there so that
// who wants to know that need not read the items.
func (b *Block) countField(list int) (*column.Vector, error) {
	l := &b.c.Rows.Lists[list]
	if err := l.Counts.Ensure(); err != nil {
		return nil, err
	}
	b.used = append(b.used, &l.Counts)
	return intVector(column.TypeInt64, l.Counts.Ints, b.c.Rows.N), nil
}

// exceptionsField returns how many events of each span are exceptions, as the
// semantic conventions call them.
func (b *Block) exceptionsField() (*column.Vector, error) {
	l := &b.c.Rows.Lists[listEvents]
	starts, err := l.Starts(b.c.Rows.N)
	if err != nil {
		return nil, err
	}
	names := &l.Items.Leaves[eventName]
	if err := names.Ensure(); err != nil {
		return nil, err
	}
	b.used = append(b.used, &l.Counts)
	exception := slices.Index(names.Dict.Values, "exception")
	out := newRuns(column.TypeInt64, b.c.Rows.N)
	if exception < 0 && names.lost == nil {
		out.pushInts(0, b.c.Rows.N)
		return out.vector(), nil
	}
	for row := range b.c.Rows.N {
		if names.lost != nil && l.Items.anyLost(starts[row], starts[row+1]) {
			out.pushNull()
			continue
		}
		n := int64(0)
		for i := starts[row]; i < starts[row+1]; i++ {
			n += boolInt(int(names.Code(int(i))) == exception)
		}
		out.pushInts(n, 1)
	}
	return out.vector(), nil
}

func (b *Block) eventsField() (*column.Vector, error) {
	start, err := b.leaf(SpanStart)
	if err != nil {
		return nil, err
	}
	g := &b.c.Rows.Lists[listEvents].Items
	var w attrWriter
	lastRow, at := -1, int64(0)
	return b.jsonList(listEvents, func(dst []byte, row, i int) []byte {
		if w.set == nil {
			w = newAttrWriter(&g.Sets[setAttrs], g.N)
		}
		if row != lastRow {
			lastRow, at = row, start.Int(row)
		}
		at += g.Leaves[eventTime].Int(i)
		o := openObject(dst)
		if at != 0 {
			o.time("time", at)
		}
		o.text("name", g.Leaves[eventName].Str(i))
		o.attrs(&w, i)
		o.int("dropped_attributes_count", g.Leaves[eventDropped].Int(i))
		return o.close()
	})
}

func (b *Block) linksField() (*column.Vector, error) {
	g := &b.c.Rows.Lists[listLinks].Items
	var w attrWriter
	return b.jsonList(listLinks, func(dst []byte, _, i int) []byte {
		if w.set == nil {
			w = newAttrWriter(&g.Sets[setAttrs], g.N)
		}
		o := openObject(dst)
		o.hex("trace_id", g.Leaves[linkTraceID].Str(i))
		o.spanID("span_id", g.Leaves[linkSpanID].Int(i))
		o.text("trace_state", g.Leaves[linkTraceState].Str(i))
		o.attrs(&w, i)
		o.int("flags", g.Leaves[linkFlags].Int(i))
		o.int("dropped_attributes_count", g.Leaves[linkDropped].Int(i))
		return o.close()
	})
}

func boolInt(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func bitsFloat(v int64) float64  { return math.Float64frombits(uint64(v)) }
func floatBits(f float64) uint64 { return math.Float64bits(f) }
