package plan

import (
	"fmt"
	"strings"
	"time"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/query/types"
	"github.com/ttlog/ttlog/storage/column"
)

// Scan reads a table. What from, to and where leave out, the operators above
// leave out as well: a scan may prune by them or not.
type Scan struct {
	Table  string
	Signal otlpwire.Signal
	Cols   []ScanColumn
	// From and to bound the timestamp in nanoseconds, 0 for no bound; to is
	// behind the last.
	From, To int64
	Where    []column.Predicate
	// Conds are the conditions that the first of Where say all of: a row that
	// satisfies one meets the other. Nil are those that say more.
	Conds []*Expr
}

// ScanColumn is a column of the input. Of a table it is made of the stored
// columns refs: the first that has a value in a row gives the value.
type ScanColumn struct {
	Name string
	Type types.Type
	Refs []column.Ref
	// Attribute says that it is an attribute, which may have no refs: nobody has
	// sent it. loose is that of an expr.
	Attribute, Loose bool
	Zone             *time.Location // that of an expr
	// Object asks for all attributes of a place as one JSON object.
	Object bool
	Place  column.Place
}

// IsTime reports whether it is the timestamp, by which a scan is bounded.
func (c *ScanColumn) IsTime() bool {
	return len(c.Refs) == 1 && c.Refs[0].Place == column.PlaceField && c.Name == "timestamp"
}

// Inputs implements [Node].
func (n *Scan) Inputs() []Node { return nil }

// WithInputs implements [Node].
func (n *Scan) WithInputs([]Node) Node { return n }

// Prune implements [Node].
func (n *Scan) Prune([]bool) (Node, [][]bool) { return n, nil } // columns are read when they are asked for

// Schema implements [Node].
func (n *Scan) Schema() []Field {
	list := make([]Field, len(n.Cols))
	for i, c := range n.Cols {
		list[i] = Field{Name: c.Name, Type: c.Type, Loose: c.Loose, Zone: c.Zone}
	}
	return list
}

// Describe implements [Node].
func (n *Scan) Describe() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Scan %s", n.Table)
	if len(n.Cols) > 0 {
		b.WriteString(": " + describeList(n.Cols, func(c ScanColumn) string { return c.Name + " " + types.Name(c.Type) }))
	}
	if n.From != 0 || n.To != 0 {
		fmt.Fprintf(&b, "; time from %s to %s", timeBound(n.From), timeBound(n.To))
	}
	if len(n.Where) > 0 {
		b.WriteString("; prune by " + strings.Join(describePredicates(n.Where), " and "))
	}
	return b.String()
}

func describePredicates(list []column.Predicate) []string {
	out := make([]string, len(list))
	for i, p := range list {
		out[i] = PredicateString(p)
	}
	return out
}

func timeBound(ns int64) string {
	if ns == 0 {
		return "any"
	}
	return types.Text(types.NewInt(types.Time, ns))
}

// PredicateString writes what a scan prunes by.
func PredicateString(p column.Predicate) string {
	var vals []string
	for i, v := range p.Values {
		if i == 10 {
			vals = append(vals, "…")
			break
		}
		x := types.Value{Type: v.Type, Int: v.Int, Str: v.Str}
		if v.Type == types.Float {
			x = types.NewFloat(v.Float)
		}
		vals = append(vals, types.Clip(types.Text(x)))
	}
	return p.Ref.Name + " " + types.OpNames[p.Op] + " " + strings.Join(vals, ", ")
}
