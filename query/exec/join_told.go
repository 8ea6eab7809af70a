package exec

import (
	"encoding/binary"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

// appendValue appends a value that is not NULL as bytes that are the same for the
// same value alone.
func appendValue(dst []byte, v types.Value) []byte {
	if types.FormOf(v.Type) != types.FormStr {
		return binary.LittleEndian.AppendUint64(dst, uint64(v.Int)) // of a float its bits
	}
	dst = binary.AppendUvarint(dst, uint64(len(v.Str)))
	return append(dst, v.Str...)
}

// toldValues are the values of a key of the right input, as the scan of the left
// one is told them: each of them, or where they are many the least and the
// greatest.
type toldValues struct {
	values    map[types.Value]struct{} // nil: too many
	low, high types.Value
}

// maxTold is how many values a scan looks for at most.
const maxTold = 4096

func newTold(o *joinOp) []toldValues {
	list := make([]toldValues, len(o.build))
	for i := range list {
		list[i].values = map[types.Value]struct{}{}
	}
	return list
}

func (l *toldValues) add(v *eval.Vec) {
	ordered := types.FormOf(v.Type) == types.FormInt
	for i := 0; i < v.Len && (ordered || l.values != nil); i++ {
		if !v.IsNull(i) {
			l.one(v.At(i), ordered)
		}
	}
}

func (l *toldValues) one(x types.Value, ordered bool) {
	if ordered {
		if l.low.IsNull() || types.Compare(x, l.low) < 0 {
			l.low = x
		}
		if l.high.IsNull() || types.Compare(x, l.high) > 0 {
			l.high = x
		}
	}
	if l.values == nil {
		return
	}
	if _, ok := l.values[x]; !ok {
		if len(l.values) == maxTold || len(x.Str) > 256 {
			l.values = nil
			return
		}
		l.values[x.Owned()] = struct{}{}
	}
}

// merge adds the values of another worker.
func (l *toldValues) merge(o *toldValues) {
	for _, x := range []types.Value{o.low, o.high} {
		if !x.IsNull() {
			l.one(x, true)
		}
	}
	for x := range o.values {
		l.one(x, false)
	}
	if o.values == nil {
		l.values = nil
	}
}

// mixedKeys tells which keys have values of types that differ, which = finds equal.
func mixedKeys(probe, build []*plan.Expr) []bool {
	out := make([]bool, len(build))
	for i, e := range build {
		out[i] = e.Type != probe[i].Type || e.Type == types.Any
	}
	return out
}
