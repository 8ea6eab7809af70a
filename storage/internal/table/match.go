package table

import (
	"math"
	"slices"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage/column"
)

// enough is how many rows are so few that another column is not read to find
// out which of them do not match either.
const enough = 64

// Narrow implements [column.Narrower]. It finds out what it can before columns
// are unpacked, what costs least first; and what is found next is looked for
// only where rows are left.
func (b *Block) Narrow(where []column.Predicate, kept column.Selections) (column.Narrowed, error) {
	rows := column.Ranges{}.Add(0, b.c.Rows.N)
	met := make([]bool, len(where))
	order := make([]int, len(where))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(x, y int) int { return rank(&where[x]) - rank(&where[y]) })
	for n, i := range order {
		if n > 0 && rows.Len() <= enough {
			break
		}
		if order[n] < 0 {
			continue // it was looked for together with another
		}
		found, ok, err := b.matchField(where, order[n:], rows, met)
		if !ok && err == nil {
			var m match
			if m, err = b.matchKept(&where[i], kept); m.ok {
				found, ok, met[i] = m.rows, true, m.exact
			}
		}
		if err != nil {
			return column.Narrowed{}, err
		}
		if ok {
			rows = rows.And(found)
		}
	}
	return column.Narrowed{Rows: rows, Met: met}, nil
}

// matchKept is match, unless the rows are kept.
func (b *Block) matchKept(p *column.Predicate, kept column.Selections) (match, error) {
	if kept == nil {
		return b.match(p)
	}
	if rows, exact, ok := kept.Get(p); ok {
		return match{rows, true, exact}, nil
	}
	m, err := b.match(p)
	if m.ok && err == nil {
		kept.Put(p, m.rows, m.exact)
	}
	return m, err
}

// matchField returns which of some rows may satisfy the first of the predicates in
// order, which has to be about a field, and all others about the same numbers:
// from and to is one range. Those are taken out of the order.
func (b *Block) matchField(where []column.Predicate, order []int, within column.Ranges, met []bool) (rows column.Ranges, ok bool, err error) {
	first := &where[order[0]]
	leaf, w, ok := b.fieldWanted(first)
	if !ok {
		return nil, false, nil
	}
	met[order[0]] = w.exact
	for k, i := range order[1:] {
		if i < 0 || w.OfDict() || where[i].Ref.Name != first.Ref.Name {
			continue
		}
		if _, also, ok := b.fieldWanted(&where[i]); ok {
			w.Least, w.Greatest = max(w.Least, also.Least), min(w.Greatest, also.Greatest)
			met[i], order[1+k] = also.exact, -1
		}
	}
	rows, err = b.c.Rows.Leaves[leaf].find(w, b.c.Rows.N, within)
	return rows, err == nil, err
}

// rank puts predicates first that few rows satisfy, or that are found in runs.
func rank(p *column.Predicate) int {
	equal := p.Op == column.Eq || p.Op == column.In
	switch {
	case equal && (p.Ref.Name == "trace_id" || p.Ref.Name == "span_id"):
		return 0
	case equal && p.Ref.Place != column.PlaceRecord:
		return 1
	case equal:
		return 2
	case p.Op == column.Holds || p.Op == column.HoldsFold:
		return 4
	}
	return 3
}

// match is what is known of a predicate: which rows may satisfy it, where ok is
// set, and whether all of them do.
type match struct {
	rows      column.Ranges
	ok, exact bool
}

// match returns which rows may satisfy a predicate of what is no plain column.
func (b *Block) match(p *column.Predicate) (match, error) {
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
		if s := &b.c.Rows.Sets; b.c.Signal == otlpwire.Logs && onlyStrings(&(*s)[SetBody]) {
			m, err := b.matchAttr(&(*s)[SetBody], &column.Predicate{
				Ref: column.Ref{Place: column.PlaceRecord, Type: column.TypeString}, Op: p.Op, Values: p.Values,
			})
			return m, err
		}
	}
	return match{}, nil
}

// onlyStrings reports whether all values of a set are strings.
func onlyStrings(s *AttrSet) bool {
	return !slices.ContainsFunc(s.Cols, func(c *AttrCol) bool { return c.Type != column.TypeString && c.Type != column.TypeNone })
}

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
	if !ok || p.Ref.Place != column.PlaceField {
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
		w.Least, w.Greatest, w.exact = statusError, statusError, true
		return leaf, w, true
	}
	ok = w.ints(p)
	if p.Ref.Name == "duration" {
		// A span has no duration where a time is missing, and queries see 0 where
		// less is stored.
		w.exact = w.exact && w.Least > 0 && b.c.Earliest > 0
		if w.Least <= 0 {
			w.Least = math.MinInt64
		}
	}
	return leaf, w, ok
}

// matchAttr finds the rows by the attributes of a set: all its columns of the
// key that have the predicate's type.
func (b *Block) matchAttr(s *AttrSet, p *column.Predicate) (match, error) {
	col := -1
	for i, c := range s.Cols {
		switch {
		case c.Type == TypeRaw:
			return match{}, nil
		case c.Key != p.Ref.Name || c.Type == column.TypeNone:
		case p.Ref.Type == column.TypeNone || col >= 0:
			return match{}, nil
		case c.Type == p.Ref.Type:
			col = i
		}
	}
	if col < 0 {
		return match{}, nil
	}
	var w Wanted
	ok := false
	switch c := s.Cols[col]; c.Type {
	case column.TypeString:
		ok = w.strings(p)
	case column.TypeBool, column.TypeInt64:
		ok = w.ints(p)
	}
	if !ok {
		return match{}, nil
	}
	walk, err := s.walk() // first, for it may change which values there are
	if err != nil {
		return match{}, err
	}
	at, err := s.Cols[col].Leaf.find(w, s.Cols[col].N, nil)
	if err != nil {
		return match{}, err
	}
	rows, once, err := walk.rowsOf(uint32(col), at, b.c.Rows.N)
	return match{rows: rows, ok: err == nil, exact: w.exact && once}, err
}

// matchPlace finds the rows by their resource and scope. It parses those of the
// dictionary, and leaves the rows in their runs.
func (b *Block) matchPlace(p *column.Predicate) (match, error) {
	var w Wanted
	if p.Ref.Place != column.PlaceField && p.Ref.Type != column.TypeString || !w.strings(p) {
		return match{}, nil
	}
	fits := w.Fits
	if wanted := w.Strings; fits == nil {
		fits = func(s string) bool { return slices.Contains(wanted, s) }
	}
	if err := b.c.Resources.Ensure(); err != nil {
		return match{}, err
	}
	var wrong error
	w = Wanted{Fits: func(scope string) bool {
		resource, rest, err := b.c.splitScope(scope)
		if err != nil {
			wrong = err
			return false
		}
		var of place
		of.parse(resource, rest)
		return fits(of.text(&p.Ref))
	}}
	rows, err := b.c.Rows.Leaves[LeafScope].find(w, b.c.Rows.N, nil)
	if err == nil {
		err = wrong
	}
	return match{rows: rows, ok: err == nil, exact: true}, err
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
