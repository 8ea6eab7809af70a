package query

import (
	"fmt"
	"strings"
	"time"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage/column"
)

// scanNode reads a table. What from, to and where leave out, the operators above
// leave out as well: a scan may prune by them or not.
type scanNode struct {
	table string
	sig   otlpwire.Signal
	cols  []inputCol
	// from and to bound the timestamp in nanoseconds, 0 for no bound; to is
	// behind the last.
	from, to int64
	where    []column.Predicate
}

// inputCol is a column of the input. Of a table it is made of the stored
// columns refs: the first that has a value in a row gives the value.
type inputCol struct {
	name string
	typ  Type
	refs []column.Ref
	// attr says that it is an attribute, which may have no refs: nobody has
	// sent it. loose is that of an expr.
	attr, loose bool
	zone        *time.Location // that of an expr
	// object asks for all attributes of a place as one JSON object.
	object bool
	place  column.Place
}

// isTime reports whether it is the timestamp, by which a scan is bounded.
func (c *inputCol) isTime() bool {
	return len(c.refs) == 1 && c.refs[0].Place == column.PlaceField && c.name == "timestamp"
}

func (n *scanNode) inputs() []planNode                { return nil }
func (n *scanNode) withInputs([]planNode) planNode    { return n }
func (n *scanNode) prune([]bool) (planNode, [][]bool) { return n, nil } // columns are read when they are asked for

func (n *scanNode) schema() []planField {
	list := make([]planField, len(n.cols))
	for i, c := range n.cols {
		list[i] = planField{name: c.name, typ: c.typ, loose: c.loose, zone: c.zone}
	}
	return list
}

func (n *scanNode) describe() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Scan %s", n.table)
	if len(n.cols) > 0 {
		b.WriteString(": " + describeList(n.cols, func(c inputCol) string { return c.name + " " + typeName(c.typ) }))
	}
	if n.from != 0 || n.to != 0 {
		fmt.Fprintf(&b, "; time from %s to %s", timeBound(n.from), timeBound(n.to))
	}
	if len(n.where) > 0 {
		b.WriteString("; prune by " + strings.Join(describePredicates(n.where), " and "))
	}
	return b.String()
}

func describePredicates(list []column.Predicate) []string {
	out := make([]string, len(list))
	for i, p := range list {
		out[i] = predicateString(p)
	}
	return out
}

func timeBound(ns int64) string {
	if ns == 0 {
		return "any"
	}
	return textOf(intValue(typeTime, ns))
}

func predicateString(p column.Predicate) string {
	var vals []string
	for i, v := range p.Values {
		if i == 10 {
			vals = append(vals, "…")
			break
		}
		x := value{t: v.Type, n: v.Int, s: v.Str}
		if v.Type == typeFloat {
			x = floatValue(v.Float)
		}
		vals = append(vals, clip(textOf(x)))
	}
	return p.Ref.Name + " " + opNames[p.Op] + " " + strings.Join(vals, ", ")
}
