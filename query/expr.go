package query

import (
	"math"
	"time"

	"github.com/ttlog/ttlog/storage/column"
)

// expr is an expression bound to the columns of a frame.
type expr struct {
	typ  Type
	name string // of the function or operator
	// impl computes a call, nil for a column and a constant. Whoever executes the
	// plan knows its type.
	impl any
	args []*expr
	// consts are arguments that impl knows already: with the name and args they
	// say all of what is computed.
	consts []*expr
	col    int   // of a column
	val    value // of a constant
	// single is the one column that the expression depends on: it may then
	// be computed once per entry of that column's dictionary or runs.
	single int
	// attr says that the expression is an attribute column; loose that its type
	// follows from what was recorded, so that values of a type that is of no use
	// are NULL where the same in the query's own text is an error.
	attr, loose bool
	and         bool // the expression is args[0] AND args[1]
	// push is the comparison that a scan may prune by, where the expression
	// is one.
	push *pushdown
	// shared says that several expressions have this one as an argument, or one
	// more than once: it is computed once a chunk. Without that, expressions
	// inside each other would take time exponential in their depth.
	shared bool
	// bucket is the width in nanoseconds where the expression is time_bucket,
	// below 0 where its buckets have no one width.
	bucket int64
	// zone is where times are shown and taken apart, nil for the query's zone.
	zone *time.Location
	// interval is set for INTERVAL '…'.
	interval *interval
}

// pushdown is a comparison of a column with constants.
type pushdown struct {
	col  int
	op   column.Op
	vals []value
}

// bounds narrows a time range by a comparison of the timestamp. A bound of
// exactly 0 would mean none, and widens by a nanosecond instead.
func (d *pushdown) bounds(from, to int64) (lo, hi int64) {
	if len(d.vals) != 1 || d.vals[0].t != typeTime {
		return from, to
	}
	t := d.vals[0].n
	if d.op == column.Gt || d.op == column.Ge || d.op == column.Eq {
		if t != 0 && (from == 0 || t > from) {
			from = t
		}
	}
	if d.op == column.Lt || d.op == column.Le || d.op == column.Eq {
		if d.op != column.Lt && t < math.MaxInt64 {
			t++
		}
		if t != 0 && (to == 0 || t < to) {
			to = t
		}
	}
	return from, to
}

const (
	dependsNone = -1 // a constant
	dependsMany = -2
)

// share returns e, which is about to be used more than once.
func (e *expr) share() *expr {
	e.shared = true
	return e
}

func (e *expr) isConst() bool { return e.impl == nil && e.single == dependsNone }
func (e *expr) isCol() bool   { return e.impl == nil && e.single >= 0 }

func constExpr(t Type, v value) *expr {
	return &expr{typ: t, val: v, single: dependsNone}
}

func nullExpr() *expr { return constExpr(typeNull, value{}) }

func colExpr(i int, t Type) *expr { return &expr{typ: t, col: i, single: i} }

// likeAny takes over what is known of the expressions whose values e picks
// from.
func (e *expr) likeAny(list []*expr) *expr {
	for _, x := range list {
		e.loose = e.loose || x.loose
		if e.zone == nil {
			e.zone = x.zone
		}
	}
	return e
}

// at returns the column i that holds the values of e.
func (e *expr) at(i int) *expr {
	c := colExpr(i, e.typ)
	c.loose, c.zone = e.loose, e.zone
	return c
}
