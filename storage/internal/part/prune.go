package part

import (
	"errors"
	"math"
	"slices"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage/column"
	"github.com/ttlog/ttlog/storage/internal/table"
)

// mayMatch reports whether a row group may hold a row that a filter wants.
func (s source) mayMatch(g *rowGroup, f *Filter) (bool, error) {
	if (f.From != 0 || f.To != 0) && (g.maxTime < f.From || g.minTime >= f.To && f.To != math.MaxInt64) {
		f.count(func(p *Pruned) *int { return &p.Time })
		return false, nil
	}
	for i := range f.Where {
		p := &f.Where[i]
		ok, err := s.mayHold(g, p)
		if err == nil && !ok {
			f.count(func(n *Pruned) *int { return n.by(g, p) })
		}
		if err != nil || !ok {
			return ok, err
		}
	}
	return true, nil
}

func (f *Filter) count(of func(p *Pruned) *int) {
	if f.Pruned != nil {
		*of(f.Pruned)++
	}
}

// by returns the count of what says that a row group has no row that satisfies
// a predicate.
func (n *Pruned) by(g *rowGroup, p *column.Predicate) *int {
	if p.Ref.Place == column.PlaceField {
		switch p.Ref.Name {
		case "timestamp":
			return &n.Time
		case "service":
			return &n.Services
		case "trace_id":
			return &n.Traces
		case "span_id", "name":
			return &n.Values
		case "body":
			return &n.Texts
		}
		return &n.Bounds
	}
	for i := range g.rows.sets {
		for k := range g.rows.sets[i].cols {
			switch c := &g.rows.sets[i].cols[k]; {
			case i > 0 || c.key != p.Ref.Name:
			case p.Op == column.Holds || p.Op == column.HoldsFold:
				return &n.Texts
			case c.leaf.filter.size > 0:
				return &n.Values
			case c.typ == column.TypeInt64:
				return &n.Bounds
			}
		}
	}
	return &n.Columns
}

// mayHold reports whether some row may satisfy a predicate. A row without a
// value satisfies none.
func (s source) mayHold(g *rowGroup, p *column.Predicate) (bool, error) {
	switch p.Ref.Place {
	case column.PlaceField:
		return s.fieldMayHold(g, p)
	case column.PlaceRecord:
		return s.attrMayHold(&g.rows, p)
	}
	return true, nil
}

func (s source) fieldMayHold(g *rowGroup, p *column.Predicate) (bool, error) {
	signal := s.p.footer.signal
	switch p.Ref.Name {
	case "timestamp":
		return rangeMayHold(g.minTime, g.maxTime, p), nil
	case "service":
		holds := func(v string) bool { return stringHolds(v, p) }
		if search := table.TextsOf(p); search != nil {
			holds = search.In
		}
		return g.services == nil || slices.ContainsFunc(g.services, holds), nil
	case "trace_id":
		if traceLeaf(signal) < 0 || p.Op != column.Eq && p.Op != column.In {
			return true, nil
		}
		for _, v := range p.Values {
			if ok, err := s.mayHoldTrace(g, v.Str); err != nil || ok {
				return ok, err
			}
		}
		return false, nil
	case "body":
		return s.bodyMayHold(g, p)
	}
	if leaf := filteredField(signal, p.Ref.Name); leaf >= 0 && leaf < len(g.rows.leaves) {
		return s.filterMayHold(&g.rows.leaves[leaf], table.Schema(signal).Leaves[leaf].Kind, p)
	}
	least, greatest, ok := fieldRange(&g.rows, signal, p.Ref.Name)
	return !ok || rangeMayHold(least, greatest, p), nil
}

// bodyMayHold is about bodies, as far as all of them are strings.
func (s source) bodyMayHold(g *rowGroup, p *column.Predicate) (bool, error) {
	if len(g.rows.sets) <= table.SetBody {
		return true, nil
	}
	for i := range g.rows.sets[table.SetBody].cols {
		c := &g.rows.sets[table.SetBody].cols[i]
		switch {
		case c.typ == column.TypeNone:
		case c.typ != column.TypeString:
			return true, nil
		default:
			if ok, err := s.textMayBe(&c.leaf, p); ok || err != nil {
				return ok, err
			}
		}
	}
	return false, nil
}

// filteredField returns the column behind a fixed column that may have value
// filters, -1 where there is none.
func filteredField(s otlpwire.Signal, name string) int {
	switch {
	case s == otlpwire.Traces && name == "span_id":
		return table.SpanSpanID
	case s == otlpwire.Logs && name == "span_id":
		return table.LogSpanID
	case s == otlpwire.Traces && name == "name":
		return table.SpanName
	}
	return -1
}

// fieldRange returns bounds on the values of a fixed column, where the footer
// tells some.
func fieldRange(g *groupDir, s otlpwire.Signal, name string) (least, greatest int64, ok bool) {
	leaf := -1
	switch {
	case s == otlpwire.Traces && name == "duration":
		leaf = table.SpanDuration
	case s == otlpwire.Logs && name == "severity_number":
		leaf = table.LogSeverityNumber
	}
	if leaf < 0 || leaf >= len(g.leaves) {
		return 0, 0, false
	}
	l := &g.leaves[leaf]
	least, greatest = min(l.min, 0), max(l.max, 0)
	if leaf == table.SpanDuration {
		least = 0 // where less is stored, queries see 0 or NULL
	}
	return least, greatest, true
}

func (s source) attrMayHold(g *groupDir, p *column.Predicate) (bool, error) {
	if len(g.sets) == 0 {
		return false, nil
	}
	for i := range g.sets[0].cols {
		c := &g.sets[0].cols[i]
		switch {
		case c.typ == table.TypeRaw:
			if ok, err := s.keyMayBe(&c.leaf, p.Ref.Name); ok || err != nil {
				return ok, err
			}
		case c.key != p.Ref.Name || c.typ == column.TypeNone:
		case p.Ref.Type != column.TypeNone && c.typ != p.Ref.Type:
		case table.LeafKind(c.typ) == table.KindString:
			ok, err := s.filterMayHold(&c.leaf, table.KindString, p)
			if ok && err == nil && c.typ == column.TypeString {
				ok, err = s.textMayBe(&c.leaf, p)
			}
			if ok || err != nil {
				return ok, err
			}
		case c.typ != column.TypeInt64 || c.leaf.ref.size == 0:
			return true, nil
		case rangeMayHold(min(c.leaf.min, 0), max(c.leaf.max, 0), p):
			return true, nil
		}
	}
	return false, nil
}

// rangeMayHold reports whether a value from least to greatest may satisfy p.
func rangeMayHold(least, greatest int64, p *column.Predicate) bool {
	for i := range p.Values {
		v := &p.Values[i]
		switch v.Type {
		case column.TypeBool, column.TypeInt64, column.TypeTimestamp, column.TypeDuration:
		default:
			return true
		}
		switch p.Op {
		case column.Eq, column.In:
			if v.Int >= least && v.Int <= greatest {
				return true
			}
		case column.Lt:
			return least < v.Int
		case column.Le:
			return least <= v.Int
		case column.Gt:
			return greatest > v.Int
		case column.Ge:
			return greatest >= v.Int
		default:
			return true
		}
	}
	return false
}

// stringHolds reports whether s satisfies p.
func stringHolds(s string, p *column.Predicate) bool {
	for i := range p.Values {
		v := &p.Values[i]
		if v.Type != column.TypeString {
			return true
		}
		switch p.Op {
		case column.Eq, column.In:
			if s == v.Str {
				return true
			}
		case column.Ne:
			return s != v.Str
		default:
			return true
		}
	}
	return false
}

// mayHoldTrace reports whether rows of a trace may be in a row group.
func (s source) mayHoldTrace(g *rowGroup, id string) (bool, error) {
	if len(id) != 16 || g.filter.size == 0 {
		return false, nil
	}
	filter, err := s.chunk(g.filter)
	if errors.Is(err, ErrCorrupt) {
		return true, nil // the rows may be sound
	}
	if err != nil {
		return false, err
	}
	return mayContain(filter, []byte(id)), nil
}
