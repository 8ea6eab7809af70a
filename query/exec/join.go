package exec

import (
	"context"
	"fmt"
	"hash/maphash"
	"iter"
	"slices"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
)

// joinOp puts rows of two inputs together: it holds those of the right one in a
// hash table, and looks up the left one's row by row.
type joinOp struct {
	left, right Operator
	node        *plan.Join
	width       int // columns of the left input
	probe       []*plan.Expr
	build       []*plan.Expr
	rest        []*plan.Expr // conditions besides the keys
	mixed       []bool       // which keys have values of types that differ
	never       bool         // a condition is true of no pair
	seed        maphash.Seed // of the bits of what is told
	passed      string       // what the scan of the left input was told
	disk        *joinSpill   // set when it runs; nil where rows have no key
}

func newJoin(n *plan.Join, left, right Operator) *joinOp {
	o := &joinOp{left: left, right: right, node: n, width: len(n.Left.Schema()), seed: maphash.MakeSeed()}
	o.probe, o.build, o.rest = n.Equalities()
	o.mixed = mixedKeys(o.probe, o.build)
	o.never = slices.ContainsFunc(o.rest, func(e *plan.Expr) bool { return e.IsConst() && e.Value.Int == 0 })
	return o
}

func (o *joinOp) inputs() []Operator { return []Operator{o.left, o.right} }

func (o *joinOp) describe() string {
	text := fmt.Sprintf("%sJoin by hash of %s", o.node.Kind, counted(len(o.build), "key"))
	if len(o.build) == 0 {
		text = o.node.Kind.String() + "Join of all"
	}
	if len(o.rest) > 0 {
		text += ", then " + counted(len(o.rest), "condition")
	}
	return text + "; the second input is held"
}

// notes tells what the values of the right input left out of the left one.
func (o *joinOp) notes() []string {
	var list []string
	if o.passed != "" {
		list = append(list, "scan of the first told "+o.passed)
	}
	if o.disk != nil {
		list = append(list, o.disk.notes()...)
	}
	return list
}

func (o *joinOp) morsels(ctx context.Context, x *Exec) iter.Seq2[morsel, error] {
	return func(yield func(morsel, error) bool) {
		o.disk = o.newSpill(x)
		right := &side{}
		t, err := o.table(ctx, x, right)
		if err != nil {
			yield(nil, err)
			return
		}
		defer t.close()
		if o.node.Single && len(o.build) == 0 && t.rows > 1 {
			yield(nil, errManyValues)
			return
		}
		if o.needsMatch() {
			if !t.any {
				return
			}
			o.tell(t)
		}
		if o.disk != nil && o.disk.began.Load() {
			yieldRows(yield, func(emit func([]*eval.Vec, int) error) error { return o.disk.emitRows(ctx, right, emit) })
			return
		}
		for m, err := range o.left.morsels(ctx, x) {
			if err == nil {
				m = &probeMorsel{morsel: m, op: o, t: t}
			}
			if !yield(m, err) {
				return
			}
		}
	}
}

// errManyValues is of a subquery that is a value.
var errManyValues = &plan.Error{Message: "a subquery that is a value gave more than one row"}

// needsMatch reports whether rows of the left input without a match are left out.
func (o *joinOp) needsMatch() bool {
	return o.node.Kind == plan.InnerJoin || o.node.Kind == plan.SemiJoin
}

// tell hands the values of the right input's keys to the scan of the left one.
func (o *joinOp) tell(t *joinTable) {
	for i, e := range o.probe {
		if !e.IsCol() {
			continue
		}
		scan, col := scanBelow(o.left, e.Column)
		if scan == nil {
			continue
		}
		if what := scan.tell(col, &t.told[i]); what != "" {
			if o.passed != "" {
				o.passed += " and "
			}
			o.passed += what
		}
	}
}

// scanBelow returns the scan and its column that column i of op's rows is, or nil.
func scanBelow(op Operator, i int) (*scanOp, int) {
	for {
		switch o := operatorOf(op).(type) {
		case *scanOp:
			return o, i
		case *filterOp:
			op = o.in
		case *projectOp:
			e := o.node.Exprs[i]
			if !e.IsCol() {
				return nil, 0
			}
			op, i = o.in, e.Column
		case *joinOp:
			if i >= o.width {
				return nil, 0
			}
			op = o.left
		case *unnestOp:
			if i >= len(o.node.Input.Schema()) {
				return nil, 0
			}
			op = o.in
		default:
			return nil, 0
		}
	}
}
