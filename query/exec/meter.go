package exec

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"sync/atomic"
	"time"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/storage/column"
)

// meter counts what an operator gives, for EXPLAIN ANALYZE. It stands between
// the operator and the one above.
type meter struct {
	Operator
	batches, given atomic.Int64 // given: rows
	// above is how many nanoseconds whoever takes the rows spent on them, all
	// workers together. An operator's own time is what its inputs' meters say,
	// less what its own meter says.
	above atomic.Int64
}

// measured puts a meter on an operator.
func measured(op Operator) Operator {
	m := &meter{Operator: op}
	if s, ok := op.(serial); ok {
		return &serialMeter{meter: m, serial: s}
	}
	return m
}

func (m *meter) count(rows int, f func() error) error {
	start := time.Now()
	err := f()
	m.above.Add(int64(time.Since(start)))
	m.batches.Add(1)
	m.given.Add(int64(rows))
	return err
}

func (m *meter) morsels(ctx context.Context, x *Exec) iter.Seq2[morsel, error] {
	return mapped(m.Operator.morsels(ctx, x), func(in morsel) morsel { return &meteredMorsel{morsel: in, m: m} })
}

type meteredMorsel struct {
	morsel
	m *meter
}

func (o *meteredMorsel) run(w *worker, emit func(*batch) error) error {
	return o.morsel.run(w, func(b *batch) error { return o.m.count(b.len(), func() error { return emit(b) }) })
}

// summary implements [summarized].
func (o *meteredMorsel) summary() (s column.Summary, rows int64, ok bool) {
	if b, ok := o.morsel.(summarized); ok {
		return b.summary()
	}
	return s, 0, false
}

// key implements [keyed].
func (o *meteredMorsel) key(f *plan.Fingerprint) (id column.Identity, ok bool) {
	if k, ok := o.morsel.(keyed); ok {
		return k.key(f)
	}
	return id, false
}

// bounds implements [bounded].
func (o *meteredMorsel) bounds(col int) (least, greatest int64, ok bool) {
	if b, ok := o.morsel.(bounded); ok {
		return b.bounds(col)
	}
	return 0, 0, false
}

// serialMeter is a meter on a serial operator.
type serialMeter struct {
	*meter
	serial serial
}

func (m *serialMeter) morsels(ctx context.Context, x *Exec) iter.Seq2[morsel, error] {
	return serialMorsels(ctx, x, m)
}

func (m *serialMeter) rows(ctx context.Context, x *Exec, emit func([]*eval.Vec, int) error) error {
	return m.serial.rows(ctx, x, func(cols []*eval.Vec, n int) error {
		return m.count(n, func() error { return emit(cols, n) })
	})
}

// OperatorLines returns the operators as lines, each one's inputs indented
// behind it; with what they did, where they were measured.
func OperatorLines(op Operator) []string { return appendOperator(nil, "", op) }

func appendOperator(lines []string, indent string, op Operator) []string {
	notes := []string{indent + op.describe()}
	if m := meterOf(op); m != nil {
		note := fmt.Sprintf("rows %d in %d batches", m.given.Load(), m.batches.Load())
		if own := m.own(); own > 0 {
			note += ", time " + own.Round(time.Microsecond).String()
		}
		notes = append(notes, note)
	}
	if n, ok := operatorOf(op).(noter); ok {
		notes = append(notes, n.notes()...)
	}
	lines = append(lines, strings.Join(notes, "; "))
	for _, in := range op.inputs() {
		lines = appendOperator(lines, indent+"  ", in)
	}
	return lines
}

// noter is an operator that can tell more of what it did.
type noter interface{ notes() []string }

func meterOf(op Operator) *meter {
	switch m := op.(type) {
	case *meter:
		return m
	case *serialMeter:
		return m.meter
	}
	return nil
}

func operatorOf(op Operator) Operator {
	if m := meterOf(op); m != nil {
		return m.Operator
	}
	return op
}

// own returns the time that the workers spent on the operator itself.
func (m *meter) own() time.Duration {
	below := int64(0)
	for _, in := range m.inputs() {
		if im := meterOf(in); im != nil {
			below += im.above.Load()
		}
	}
	switch m.Operator.(type) {
	case breaker:
		return time.Duration(below)
	case serial:
		return 0 // it takes rows from a queue: below is mostly waiting
	}
	return time.Duration(max(below-m.above.Load(), 0))
}
