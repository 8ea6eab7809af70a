package plan

import (
	"encoding/binary"
	"fmt"
)

// maxFingerprint bounds the fingerprint of expressions that share their parts.
const maxFingerprint = 1 << 16

// Fingerprint collects what tells apart operators that make other rows of the
// same block. Unlike the text of a plan it leaves nothing out.
type Fingerprint struct {
	bytes []byte
	// columns are what expressions are over, where that is a scan: one that a
	// query does not use any more makes no difference.
	columns []ScanColumn
}

// Complete reports whether all that was added is in it.
func (f *Fingerprint) Complete() bool { return len(f.bytes) <= maxFingerprint }

// Bytes returns the fingerprint.
func (f *Fingerprint) Bytes() []byte { return f.bytes }

// Text adds a string.
func (f *Fingerprint) Text(s string) {
	f.Int(int64(len(s)))
	f.bytes = append(f.bytes, s...)
}

// Int adds a number.
func (f *Fingerprint) Int(n int64) { f.bytes = binary.AppendVarint(f.bytes, n) }

// Exprs adds expressions.
func (f *Fingerprint) Exprs(list []*Expr) {
	f.Int(int64(len(list)))
	for _, e := range list {
		if !f.Complete() {
			return
		}
		f.expr(e)
	}
}

func (f *Fingerprint) expr(e *Expr) {
	f.Int(int64(e.Type))
	f.Int(e.Bucket)
	if e.Zone != nil {
		f.Text(e.Zone.String())
	}
	switch {
	case e.IsConst():
		f.Text("const")
		f.Int(int64(e.Value.Type))
		f.Int(e.Value.Int)
		f.Text(e.Value.Str)
	case e.IsCol():
		f.Text("column")
		if f.columns == nil {
			f.Int(int64(e.Column))
		} else {
			f.column(&f.columns[e.Column])
		}
	default:
		f.Text("call " + e.Name)
	}
	f.Exprs(e.Args)
	f.Exprs(e.Consts)
}

// Over begins the expressions over the columns of a scan, and with nil those over
// the columns of expressions that were added before.
func (f *Fingerprint) Over(list []ScanColumn) {
	f.columns = list
	f.Text("over")
}

func (f *Fingerprint) column(c *ScanColumn) {
	f.Text(c.Name)
	f.Text(fmt.Sprint(c.Type, c.Object, c.Place, len(c.Refs)))
	for _, r := range c.Refs {
		f.Text(r.Name)
		f.Text(fmt.Sprint(r.Place, r.Type))
	}
}

// Aggregate adds what an aggregate groups by and computes.
func (f *Fingerprint) Aggregate(n *Aggregate) {
	f.Exprs(n.Keys)
	f.Int(int64(len(n.Aggs)))
	for _, a := range n.Aggs {
		f.Int(int64(a.Type))
		f.Text(a.Text)
		f.Exprs(a.Args)
	}
}
