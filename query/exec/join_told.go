package exec

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"

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
// greatest. Of many strings, such as ids, a bit of each one's hash is kept, by which
// rows of the left input are left out before their other columns are read.
type toldValues struct {
	values    map[types.Value]struct{} // nil: too many
	low, high types.Value
	seed      maphash.Seed
	bits      []uint64 // nil: values are there, or hardly any bit would be 0
	set       int      // how many bits are 1
}

// toldBits is how many bits are kept of hashes. Where a quarter of them is set,
// they do not leave out enough.
const toldBits = 1 << 20

// maxTold is how many values a scan looks for at most.
const maxTold = 4096

func newTold(o *joinOp) []toldValues {
	list := make([]toldValues, len(o.build))
	for i := range list {
		list[i].values, list[i].seed = map[types.Value]struct{}{}, o.seed
	}
	return list
}

func (l *toldValues) add(v *eval.Vec) {
	ordered := types.FormOf(v.Type) == types.FormInt
	for i := 0; i < v.Len && (ordered || l.values != nil || l.bits != nil); i++ {
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
		l.mark(x)
		return
	}
	if _, ok := l.values[x]; !ok {
		if len(l.values) == maxTold || len(x.Str) > 256 {
			l.many()
			l.mark(x)
			return
		}
		l.values[x.Owned()] = struct{}{}
	}
}

// many gives up the values for their bits.
func (l *toldValues) many() {
	l.bits = make([]uint64, toldBits/64)
	for x := range l.values {
		l.mark(x)
	}
	l.values = nil
}

// mark sets the bit of a value.
func (l *toldValues) mark(x types.Value) {
	if l.bits == nil {
		return
	}
	if types.FormOf(x.Type) != types.FormStr || l.set > toldBits/4 {
		l.bits = nil
		return
	}
	word, bit := l.bit(x)
	if l.bits[word]&bit == 0 {
		l.bits[word] |= bit
		l.set++
	}
}

func (l *toldValues) bit(x types.Value) (word, bit uint64) {
	h := maphash.String(l.seed, x.Str) % toldBits
	return h / 64, 1 << (h % 64)
}

// knows reports whether some values are known not to be there.
func (l *toldValues) knows() bool { return l.values != nil || l.bits != nil }

// may reports whether a value of the key's type may be there.
func (l *toldValues) may(x types.Value) bool {
	if l.values != nil {
		_, ok := l.values[x]
		return ok
	}
	word, bit := l.bit(x)
	return l.bits[word]&bit != 0
}

// merge adds the values of another worker.
func (l *toldValues) merge(o *toldValues) {
	for _, x := range []types.Value{o.low, o.high} {
		if !x.IsNull() {
			l.one(x, true)
		}
	}
	if o.values == nil && l.values != nil {
		l.many()
	}
	for x := range o.values {
		l.one(x, false)
	}
	switch {
	case o.values != nil:
	case o.bits == nil:
		l.bits = nil
	case l.bits != nil:
		l.set = 0
		for i, word := range o.bits {
			l.bits[i] |= word
			l.set += bits.OnesCount64(l.bits[i])
		}
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
