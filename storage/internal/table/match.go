package table

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage/column"
)

// Wanted says which values of a column are looked for: strings of a
// dictionary, or integers from Least to Greatest.
type Wanted struct {
	Strings         []string
	Least, Greatest int64
}

// enough is how many rows are so few that another column is not read to find
// out which of them do not match either.
const enough = 64

// selectFactor is how many times more rows than selected ones a block must have
// for a selection to pay.
const selectFactor = 4

// Narrow implements [column.Narrower].
func (b *Block) Narrow(where []column.Predicate) (column.Block, error) {
	rows, all, err := b.mayMatch(where)
	if err != nil || all {
		return b, err
	}
	return b.Select(rows), nil
}

// mayMatch returns the rows that may satisfy all predicates, as far as that
// can be told before columns are unpacked: some of these rows may not match,
// but no others do. all says that it could not be told, or that a selection
// would not pay.
func (b *Block) mayMatch(where []column.Predicate) (rows []uint32, all bool, err error) {
	all = true
	order := slices.Clone(where)
	slices.SortStableFunc(order, func(x, y column.Predicate) int { return rank(&x) - rank(&y) })
	for i := range order {
		if !all && len(rows) <= enough {
			break
		}
		found, ok, err := b.match(&order[i])
		switch {
		case err != nil:
			return nil, false, err
		case !ok:
		case all:
			rows, all = found, false
		default:
			rows = intersect(rows, found)
		}
	}
	if len(rows) > b.c.Rows.N/selectFactor {
		return nil, true, nil
	}
	return rows, all, nil
}

// rank puts predicates first that few rows satisfy.
func rank(p *column.Predicate) int {
	equal := p.Op == column.Eq || p.Op == column.In
	switch {
	case equal && (p.Ref.Name == "trace_id" || p.Ref.Name == "span_id"):
		return 0
	case equal && p.Ref.Place == column.PlaceRecord:
		return 1
	case equal:
		return 2
	}
	return 3
}

func intersect(a, b []uint32) []uint32 {
	out := a[:0]
	for _, x := range a {
		for len(b) > 0 && b[0] < x {
			b = b[1:]
		}
		if len(b) > 0 && b[0] == x {
			out = append(out, x)
		}
	}
	return out
}

// match returns the rows that may satisfy p; ok is false where it cannot tell.
func (b *Block) match(p *column.Predicate) (rows []uint32, ok bool, err error) {
	switch p.Ref.Place {
	case column.PlaceRecord:
		return b.matchAttr(&b.c.Rows.Sets[setAttrs], p)
	case column.PlaceResource, column.PlaceScope:
		return b.matchPlace(p)
	}
	switch p.Ref.Name {
	case "service", "scope_name", "scope_version":
		return b.matchPlace(p)
	case "body":
		if s := &b.c.Rows.Sets; b.c.Signal == otlpwire.Logs && onlyStrings(&(*s)[setBody]) {
			return b.matchAttr(&(*s)[setBody], &column.Predicate{
				Ref: column.Ref{Place: column.PlaceRecord, Type: column.TypeString}, Op: p.Op, Values: p.Values,
			})
		}
		return nil, false, nil
	}
	leaf, w, ok := b.fieldWanted(p)
	if !ok {
		return nil, false, nil
	}
	rows, err = b.c.Rows.Leaves[leaf].find(w, b.c.Rows.N)
	return rows, err == nil, err
}

func onlyStrings(s *AttrSet) bool { return len(s.Cols) == 1 && s.Cols[0].Type == column.TypeString }

// fieldWanted returns which values of which leaf rows have that satisfy a
// predicate of a fixed column.
func (b *Block) fieldWanted(p *column.Predicate) (leaf int, w Wanted, ok bool) {
	type field struct {
		signal otlpwire.Signal
		name   string
	}
	leaf, ok = map[field]int{
		{otlpwire.Traces, "name"}: SpanName, {otlpwire.Traces, "trace_id"}: SpanTraceID, {otlpwire.Traces, "span_id"}: SpanSpanID,
		{otlpwire.Traces, "duration"}: SpanDuration, {otlpwire.Traces, "timestamp"}: SpanStart, {otlpwire.Traces, "error"}: SpanStatusCode,
		{otlpwire.Logs, "trace_id"}: LogTraceID, {otlpwire.Logs, "span_id"}: LogSpanID, {otlpwire.Logs, "severity_number"}: LogSeverityNumber,
		{otlpwire.Logs, "event_name"}: LogEventName,
	}[field{b.c.Signal, p.Ref.Name}]
	if !ok {
		return 0, w, false
	}
	switch kind := b.c.Rows.Leaves[leaf].Kind; {
	case p.Ref.Name == "span_id":
		return leaf, w, w.spanID(p)
	case kind == KindString || kind == KindTrace:
		return leaf, w, w.strings(p)
	case p.Ref.Name == "error":
		if p.Op != column.Eq || len(p.Values) != 1 || p.Values[0].Int != 1 {
			return leaf, w, false
		}
		w.Least, w.Greatest = statusError, statusError
		return leaf, w, true
	}
	ok = w.ints(p)
	if p.Ref.Name == "duration" && w.Least <= 0 {
		w.Least = math.MinInt64 // queries see 0 where less is stored
	}
	return leaf, w, ok
}

// strings takes the strings of an equality.
func (w *Wanted) strings(p *column.Predicate) bool {
	if p.Op != column.Eq && p.Op != column.In {
		return false
	}
	for i := range p.Values {
		// What has no value may stand as an empty string.
		if LeafKind(p.Values[i].Type) != KindString && p.Values[i].Type != column.TypeID || p.Values[i].Str == "" {
			return false
		}
		w.Strings = append(w.Strings, p.Values[i].Str)
	}
	return len(w.Strings) > 0
}

func (w *Wanted) spanID(p *column.Predicate) bool {
	if p.Op != column.Eq || len(p.Values) != 1 || len(p.Values[0].Str) != 8 {
		return false
	}
	id := int64(binary.LittleEndian.Uint64([]byte(p.Values[0].Str)))
	w.Least, w.Greatest = id, id
	return id != 0
}

// ints takes the range of integers that satisfy p.
func (w *Wanted) ints(p *column.Predicate) bool {
	if len(p.Values) == 0 {
		return false
	}
	w.Least, w.Greatest = math.MaxInt64, math.MinInt64
	for i := range p.Values {
		v := &p.Values[i]
		switch v.Type {
		case column.TypeBool, column.TypeInt64, column.TypeTimestamp, column.TypeDuration:
			w.Least, w.Greatest = min(w.Least, v.Int), max(w.Greatest, v.Int)
		default:
			return false
		}
	}
	switch p.Op {
	case column.Eq, column.In:
	case column.Lt, column.Le:
		w.Least = math.MinInt64
	case column.Gt, column.Ge:
		w.Greatest = math.MaxInt64
	default:
		return false
	}
	return true
}

// find returns where a column of n values has wanted ones.
func (l *Leaf) find(w Wanted, n int) (at []uint32, err error) {
	if l.Load != nil && l.Find != nil {
		return l.Find(w, n)
	}
	if err := l.Ensure(); err != nil {
		return nil, err
	}
	if w.Strings == nil {
		return w.IntsAt(nil, l.Ints, 0, n), nil
	}
	return CodesAt(nil, l.Codes, 0, w.Codes(l.Dict.Values)), nil
}

// IntsAt appends where wanted integers stand among n values, of which the
// first ones are given and the others are zero. The first stands at from.
func (w *Wanted) IntsAt(at []uint32, ints []int64, from, n int) []uint32 {
	for i, v := range ints {
		if v >= w.Least && v <= w.Greatest {
			at = append(at, uint32(from+i))
		}
	}
	if w.Least <= 0 && w.Greatest >= 0 {
		for i := len(ints); i < n; i++ {
			at = append(at, uint32(from+i))
		}
	}
	return at
}

// Codes returns the numbers of the wanted strings in a dictionary.
func (w *Wanted) Codes(dict []string) (codes []uint32) {
	for i, s := range dict {
		if slices.Contains(w.Strings, s) {
			codes = append(codes, uint32(i))
		}
	}
	return codes
}

// CodesAt appends where one of some codes stands; from is where the first does.
func CodesAt(at, codes []uint32, from int, wanted []uint32) []uint32 {
	switch len(wanted) {
	case 0:
	case 1:
		for i, c := range codes {
			if c == wanted[0] {
				at = append(at, uint32(from+i))
			}
		}
	default:
		for i, c := range codes {
			if slices.Contains(wanted, c) {
				at = append(at, uint32(from+i))
			}
		}
	}
	return at
}

// matchAttr finds the rows by the attributes of a set: all its columns of the
// key that have the predicate's type.
func (b *Block) matchAttr(s *AttrSet, p *column.Predicate) (rows []uint32, ok bool, err error) {
	col := -1
	for i, c := range s.Cols {
		switch {
		case c.Type == TypeRaw:
			return nil, false, nil
		case c.Key != p.Ref.Name || c.Type == column.TypeNone:
		case p.Ref.Type == column.TypeNone || col >= 0:
			return nil, false, nil
		case c.Type == p.Ref.Type:
			col = i
		}
	}
	if col < 0 {
		return nil, false, nil
	}
	var w Wanted
	switch c := s.Cols[col]; c.Type {
	case column.TypeString:
		ok = w.strings(p)
	case column.TypeBool, column.TypeInt64:
		ok = w.ints(p)
	}
	if !ok {
		return nil, false, nil
	}
	walk, err := s.walk() // first, for it may change which values there are
	if err != nil {
		return nil, false, err
	}
	at, err := s.Cols[col].Leaf.find(w, s.Cols[col].N)
	if err != nil {
		return nil, false, err
	}
	return walk.rowsOf(uint32(col), at, b.c.Rows.N), true, nil
}

// matchPlace finds the rows by their resource and scope.
func (b *Block) matchPlace(p *column.Predicate) (rows []uint32, ok bool, err error) {
	var w Wanted
	if p.Ref.Place != column.PlaceField && p.Ref.Type != column.TypeString || !w.strings(p) {
		return nil, false, nil
	}
	places, err := b.loadPlaces()
	if err != nil {
		return nil, false, err
	}
	var codes []uint32
	for code := range places.scopes {
		if places.used[code] && slices.Contains(w.Strings, places.scopes[code].text(&p.Ref)) {
			codes = append(codes, uint32(code))
		}
	}
	if len(codes) == 0 {
		return nil, true, nil
	}
	return CodesAt(nil, b.c.Rows.Leaves[LeafScope].Codes, 0, codes), true, nil
}

// text returns the string of a place that a column stands for, "" where there
// is none.
func (p *place) text(ref *column.Ref) string {
	attrs := p.resource
	switch {
	case ref.Place == column.PlaceScope:
		attrs = p.scope
	case ref.Place == column.PlaceResource:
	case ref.Name == "scope_name":
		return p.name
	case ref.Name == "scope_version":
		return p.version
	default:
		return p.service
	}
	for i := range attrs {
		if attrs[i].key == ref.Name && attrs[i].v.typ == column.TypeString {
			return attrs[i].v.text()
		}
	}
	return ""
}
