package table

import (
	"encoding/binary"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

// Batch is the rows of one decoded request. It is immutable until it is
// released.
type Batch struct {
	chunk *Chunk
	days  []int32         // distinct, in order of first appearance
	rows  map[int32][]Loc // by day, rising; nil when all rows are of one day

	min, max int64 // the earliest and the latest time of a row
}

const nanosPerDay = 24 * 60 * 60 * 1e9

// Day returns the UTC day of a time, in days since the Unix epoch.
func Day(nanos int64) int32 {
	d := nanos / nanosPerDay
	if nanos%nanosPerDay < 0 {
		d--
	}
	return int32(d)
}

// Decode parses one Export…ServiceRequest (or TracesData, LogsData,
// MetricsData) of signal s completely, so that a malformed one stores nothing.
// The batch does not alias request. Errors wrap [otlpwire.ErrMalformed].
func Decode(s otlpwire.Signal, request []byte) (*Batch, error) {
	if Schema(s) == nil {
		return nil, fmt.Errorf("table: no signal %d", s)
	}
	d := decoder{chunk: idleChunks[s].Take()}
	f := otlpwire.Scan(request)
	for f.Next() {
		if f.Num != otlpwire.RequestResource {
			continue
		}
		if err := d.resource(f.Bytes()); err != nil {
			return nil, fmt.Errorf("table: %s: field %d at byte %d: %w", s, f.Num, f.Offset(), err)
		}
	}
	if err := f.Err(); err != nil {
		return nil, fmt.Errorf("table: %s: %w", s, err)
	}
	b := &Batch{chunk: d.chunk}
	b.findDays()
	return b, nil
}

// Rows returns the number of spans, log records or data points.
func (b *Batch) Rows() int { return b.chunk.Rows.N }

// Days returns the UTC days that the rows fall on, as days since the Unix
// epoch, each once.
func (b *Batch) Days() []int32 { return b.days }

// findDays sorts the rows by day, in one pass: a request may have rows of
// more days than anyone could pass over all of them for. Nearly all have rows
// of one, which their earliest and latest time tell.
func (b *Batch) findDays() {
	n := b.chunk.Rows.N
	if n == 0 {
		return
	}
	b.min, b.max = math.MaxInt64, math.MinInt64
	for i := range n {
		at := b.chunk.Time(i)
		b.min, b.max = min(b.min, at), max(b.max, at)
	}
	if first := Day(b.min); first == Day(b.max) {
		b.days = []int32{first}
		return
	}
	b.chunk.Rows.locate()
	b.rows = make(map[int32][]Loc)
	for i := range n {
		d := Day(b.chunk.Time(i))
		rows, ok := b.rows[d]
		if !ok {
			b.days = append(b.days, d)
		}
		b.rows[d] = append(rows, Loc{Row: uint32(i)})
	}
}

// only reports whether all rows fall on the given day.
func (b *Batch) only(day int32) bool { return len(b.days) == 1 && b.days[0] == day }

// of returns the rows that fall on a day.
func (b *Batch) of(day int32) []Loc {
	if b.rows != nil {
		return b.rows[day]
	}
	if !b.only(day) {
		return nil
	}
	return appendRows(make([]Loc, 0, b.Rows()), 0, b.Rows())
}

// appendRows appends the rows from up to end of source 0.
func appendRows(locs []Loc, from, end int) []Loc {
	for ; from < end; from++ {
		locs = append(locs, Loc{Row: uint32(from)})
	}
	return locs
}

// Time returns the time that row i is sorted and partitioned by, in
// nanoseconds: a span's start, a log record's time or else observed time, a
// data point's time. The leaves concerned must be loaded.
func (c *Chunk) Time(i int) int64 {
	r := c.Rows.Leaves
	switch c.Signal {
	case otlpwire.Traces:
		return r[SpanStart].Int(i)
	case otlpwire.Logs:
		if t := r[LogTime].Int(i); t != 0 {
			return t
		}
		return r[LogObserved].Int(i)
	}
	return r[PointTime].Int(i)
}

// decoder parses a request into a chunk.
type decoder struct {
	chunk *Chunk
	buf   []byte
	extra []byte
	meta  []byte
}

func (d *decoder) resource(msg []byte) error {
	// First pass: everything but the scopes, which is what rows refer to.
	d.buf = d.buf[:0]
	var keys keySet
	resources, repeats := 0, false
	f := otlpwire.Scan(msg)
	for f.Next() {
		switch f.Num {
		case otlpwire.GroupScopes:
			f.Bytes()
			continue
		case otlpwire.GroupResource:
			again, err := checkResource(f.Bytes(), &keys)
			if err != nil {
				return err
			}
			resources++
			repeats = repeats || again
		case otlpwire.GroupSchemaURL:
			f.Bytes()
		}
		var err error
		if d.buf, err = keep(d.buf, &f); err != nil {
			return err
		}
	}
	if err := f.Err(); err != nil {
		return err
	}
	if repeats || resources > 1 {
		d.buf = mergeField(nil, d.buf, otlpwire.GroupResource, otlpwire.ResourceAttributes)
	}
	code := d.chunk.Resources.Dict.code(d.buf)
	for f := otlpwire.Scan(msg); f.Next(); {
		if f.Num != otlpwire.GroupScopes {
			continue
		}
		if err := d.scope(code, f.Bytes()); err != nil {
			return fmt.Errorf("scope at byte %d: %w", f.Offset(), err)
		}
	}
	return nil
}

func (d *decoder) scope(resource uint32, msg []byte) error {
	d.buf = binary.LittleEndian.AppendUint32(d.buf[:0], resource)
	var keys keySet
	scopes, repeats := 0, false
	f := otlpwire.Scan(msg)
	for f.Next() {
		switch f.Num {
		case otlpwire.ScopeGroupRecords:
			f.Bytes()
			continue
		case otlpwire.ScopeGroupScope:
			again, err := checkScope(f.Bytes(), &keys)
			if err != nil {
				return err
			}
			scopes++
			repeats = repeats || again
		case otlpwire.ScopeGroupSchemaURL:
			f.Bytes()
		}
		var err error
		if d.buf, err = keep(d.buf, &f); err != nil {
			return err
		}
	}
	if err := f.Err(); err != nil {
		return err
	}
	if repeats || scopes > 1 {
		number := binary.LittleEndian.AppendUint32(nil, resource)
		d.buf = mergeField(number, d.buf[len(number):], otlpwire.ScopeGroupScope, otlpwire.ScopeAttributes)
	}
	rows := &d.chunk.Rows
	code := uint32(0)
	if resource != 0 || len(d.buf) > 4 {
		code = rows.Leaves[LeafScope].Dict.code(d.buf)
	}
	for f := otlpwire.Scan(msg); f.Next(); {
		if f.Num != otlpwire.ScopeGroupRecords {
			continue
		}
		var err error
		switch d.chunk.Signal {
		case otlpwire.Traces:
			err = d.span(code, f.Bytes())
		case otlpwire.Logs:
			err = d.log(code, f.Bytes())
		default:
			err = d.metric(code, f.Bytes())
		}
		if err == nil {
			err = d.checkSize()
		}
		if err != nil {
			return fmt.Errorf("record at byte %d: %w", f.Offset(), err)
		}
	}
	return nil
}

// checkSize refuses requests with more items than a row group can hold.
func (d *decoder) checkSize() error {
	if n := d.chunk.Rows.items(); n > MaxItems {
		return fmt.Errorf("%w: more than %d records, events and attributes", otlpwire.ErrMalformed, MaxItems)
	}
	return nil
}

// items counts the rows, items and attributes of a group.
func (g *Group) items() int {
	n := g.N
	for i := range g.Sets {
		n += g.Sets[i].total
	}
	for i := range g.Lists {
		n += g.Lists[i].Items.items()
	}
	return n
}

// checkResource validates a Resource message. repeats tells of keys that are
// in keys already, or come more than once in a map.
func checkResource(msg []byte, keys *keySet) (repeats bool, err error) {
	f := otlpwire.Scan(msg)
	for f.Next() {
		var err error
		again := false
		switch f.Num {
		case otlpwire.ResourceAttributes:
			again, err = keys.check(f.Bytes(), 0)
		case otlpwire.ResourceDroppedAttributesCount:
			f.Varint()
		case otlpwire.ResourceEntityRefs:
			err = checkEntityRef(f.Bytes())
		default:
			err = checkUnknown(&f)
		}
		if err != nil {
			return false, err
		}
		repeats = repeats || again
	}
	return repeats, f.Err()
}

func checkEntityRef(msg []byte) error {
	f := otlpwire.Scan(msg)
	for f.Next() {
		if f.Num >= otlpwire.EntityRefSchemaURL && f.Num <= otlpwire.EntityRefDescriptionKeys {
			f.Bytes()
		} else if err := checkUnknown(&f); err != nil {
			return err
		}
	}
	return f.Err()
}

// checkScope is checkResource for an InstrumentationScope message.
func checkScope(msg []byte, keys *keySet) (repeats bool, err error) {
	f := otlpwire.Scan(msg)
	for f.Next() {
		switch f.Num {
		case otlpwire.ScopeName, otlpwire.ScopeVersion:
			f.Bytes()
		case otlpwire.ScopeAttributes:
			again, err := keys.check(f.Bytes(), 0)
			if err != nil {
				return false, err
			}
			repeats = repeats || again
		case otlpwire.ScopeDroppedAttributesCount:
			f.Varint()
		default:
			if err := checkUnknown(&f); err != nil {
				return false, err
			}
		}
	}
	return repeats, f.Err()
}

// setID stores a trace id: 16 bytes, or none. As in all of OpenTelemetry, the
// id of zeros is no id.
func setTraceID(l *Leaf, row int, id []byte) error {
	switch {
	case len(id) == 0 || len(id) == 16 && [16]byte(id) == [16]byte{}:
		l.setCode(row, 0)
	case len(id) == 16:
		l.setBytes(row, id)
	default:
		return fmt.Errorf("%w: trace id of %d bytes", otlpwire.ErrMalformed, len(id))
	}
	return nil
}

// setSpanID stores a span id: 8 bytes, or none.
func setSpanID(l *Leaf, row int, id []byte) error {
	switch len(id) {
	case 0:
		l.setInt(row, 0)
	case 8:
		l.setInt(row, int64(binary.LittleEndian.Uint64(id)))
	default:
		return fmt.Errorf("%w: span id of %d bytes", otlpwire.ErrMalformed, len(id))
	}
	return nil
}

// keep appends a field as it came. Groups, which OTLP never had and which its
// readers disagree on, are refused: one of them would make all that is read
// together with it unreadable to some.
func keep(dst []byte, f *otlpwire.Fields) ([]byte, error) {
	if err := checkUnknown(f); err != nil {
		return dst, err
	}
	return append(dst, f.Raw()...), nil
}

func checkUnknown(f *otlpwire.Fields) error {
	if f.Type == protowire.StartGroupType {
		return fmt.Errorf("%w: field %d is a group", otlpwire.ErrMalformed, f.Num)
	}
	return nil
}

// endExtra stores the unknown fields that were collected since from.
func (d *decoder) endExtra(l *Leaf, row, from int) {
	if len(d.extra) > from {
		l.setBytes(row, d.extra[from:])
		d.extra = d.extra[:from]
	}
}
