package plan

import (
	"math"
	"time"

	"github.com/ttlog/ttlog/query/types"
	"github.com/ttlog/ttlog/storage/column"
)

// Expr is an expression bound to the columns of a frame.
type Expr struct {
	Type types.Type
	Name string // of the function or operator
	// Impl computes a call, nil for a column and a constant. Whoever executes the
	// plan knows its type.
	Impl any
	Args []*Expr
	// Consts are arguments that Impl knows already: with the name and args they
	// say all of what is computed.
	Consts []*Expr
	Column int         // of a column
	Value  types.Value // of a constant
	// Single is the one column that the expression depends on: it may then
	// be computed once per entry of that column's dictionary or runs.
	Single int
	// Attribute says that the expression is an attribute column; Loose that its type
	// follows from what was recorded, so that values of a type that is of no use
	// are NULL where the same in the query's own text is an error.
	Attribute, Loose bool
	And              bool // the expression is Args[0] AND Args[1]
	// Comparison is the comparison that a scan may prune by, where the expression
	// is one.
	Comparison *Comparison
	// Shared says that several expressions have this one as an argument, or one
	// more than once: it is computed once a chunk. Without that, expressions
	// inside each other would take time exponential in their depth.
	Shared bool
	// Bucket is the width in nanoseconds where the expression is time_bucket,
	// below 0 where its buckets have no one width.
	Bucket int64
	// Zone is where times are shown and taken apart, nil for the query's zone.
	Zone *time.Location
	// Interval is set for INTERVAL '…'.
	Interval *types.Interval
}

// Comparison is a comparison of a column with constants.
type Comparison struct {
	Column int
	Op     column.Op
	Values []types.Value
}

// Bounds narrows a time range by a comparison of the timestamp. A bound of
// exactly 0 would mean none, and widens by a nanosecond instead.
func (d *Comparison) Bounds(from, to int64) (lo, hi int64) {
	if len(d.Values) != 1 || d.Values[0].Type != types.Time {
		return from, to
	}
	t := d.Values[0].Int
	if d.Op == column.Gt || d.Op == column.Ge || d.Op == column.Eq {
		if t != 0 && (from == 0 || t > from) {
			from = t
		}
	}
	if d.Op == column.Lt || d.Op == column.Le || d.Op == column.Eq {
		if d.Op != column.Lt && t < math.MaxInt64 {
			t++
		}
		if t != 0 && (to == 0 || t < to) {
			to = t
		}
	}
	return from, to
}

// What Single is where it is not one column.
const (
	DependsNone = -1 // a constant
	DependsMany = -2
)

// Share returns e, which is about to be used more than once.
func (e *Expr) Share() *Expr {
	e.Shared = true
	return e
}

// IsConst reports whether e is a constant.
func (e *Expr) IsConst() bool { return e.Impl == nil && e.Single == DependsNone }

// IsCol reports whether e is a column as it is.
func (e *Expr) IsCol() bool { return e.Impl == nil && e.Single >= 0 }

// Const is a constant.
func Const(t types.Type, v types.Value) *Expr {
	return &Expr{Type: t, Value: v, Single: DependsNone}
}

// Null is NULL without a type.
func Null() *Expr { return Const(types.Null, types.Value{}) }

// Column is column i of the input.
func Column(i int, t types.Type) *Expr { return &Expr{Type: t, Column: i, Single: i} }

// LikeAny takes over what is known of the expressions whose values e picks
// from.
func (e *Expr) LikeAny(list []*Expr) *Expr {
	for _, x := range list {
		e.Loose = e.Loose || x.Loose
		if e.Zone == nil {
			e.Zone = x.Zone
		}
	}
	return e
}

// As returns the column i that holds the values of e.
func (e *Expr) As(i int) *Expr {
	c := Column(i, e.Type)
	c.Loose, c.Zone = e.Loose, e.Zone
	return c
}
