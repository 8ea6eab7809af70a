package encoding

import "encoding/binary"

func appendUvarint(dst []byte, v uint64) []byte { return binary.AppendUvarint(dst, v) }

func appendVarint(dst []byte, v int64) []byte { return binary.AppendUvarint(dst, zigzag(v)) }

// zigzag maps values near zero of either sign to small numbers.
func zigzag(v int64) uint64   { return uint64(v)<<1 ^ uint64(v>>63) }
func unzigzag(u uint64) int64 { return int64(u>>1) ^ -int64(u&1) }

// transform turns values into residuals that are small and not negative:
// differences of the given order (0 is the values themselves) less base. All
// arithmetic wraps at 64 bits, so that every column has residuals; a base above
// some values costs each of them a large residual, which the packed codec keeps
// as an exception. With zigzag, residuals of both signs around base are small.
type transform struct {
	order  int
	zigzag bool
	base   int64
}

// The head's flags; part of the format, never renumber.
const (
	orderMask  = 0x03 // 0, 1 (delta) or 2 (delta of delta)
	maxOrder   = 2
	zigzagFlag = 0x04
)

// appendHead appends
//
//	+----------------------+-------------------+-------------+
//	| flags u8: order 0..2 | order first       | base varint |
//	| +4: zigzag           | values, varints   |             |
//	+----------------------+-------------------+-------------+
//
// A column that is shorter than its order has only its values there.
func (t transform) appendHead(dst []byte, v []int64) []byte {
	flags := byte(t.order)
	if t.zigzag {
		flags |= zigzagFlag
	}
	dst = append(dst, flags)
	for _, x := range v[:min(t.order, len(v))] {
		dst = appendVarint(dst, x)
	}
	return appendVarint(dst, t.base)
}

// differences writes the differences of v[from:from+len(out)], where from is at
// least the order.
func differences(out, v []int64, from, order int) {
	if len(out) == 0 {
		return
	}
	w := v[from : from+len(out)]
	switch order {
	case 0:
		copy(out, w)
	case 1:
		last := v[from-1]
		for i, x := range w {
			out[i] = x - last
			last = x
		}
	default:
		last := v[from-1]
		delta := last - v[from-2]
		for i, x := range w {
			d := x - last
			out[i] = d - delta
			last, delta = x, d
		}
	}
}

// residuals writes the residuals of v[from:from+len(out)], where from is at
// least the order. diff is room for as many values.
func (t transform) residuals(out []uint64, diff, v []int64, from int) {
	diff = diff[:len(out)]
	differences(diff, v, from, t.order)
	t.shift(out, diff)
}

// shift turns differences into residuals.
func (t transform) shift(out []uint64, diff []int64) {
	out = out[:len(diff)]
	if t.zigzag {
		for i, d := range diff {
			out[i] = zigzag(d - t.base)
		}
		return
	}
	for i, d := range diff {
		out[i] = uint64(d - t.base)
	}
}

// undo is a transform on its way back: it turns residuals into values, a
// stretch at a time. For 32-bit columns it computes modulo 2^32, which gives
// the low half of what 64 bits would.
type undo[T integer] struct {
	order       int
	zigzag      bool
	base        T
	last, delta T
}

// readUndo reads the head of a transform and the first values, which it puts
// into dst; it returns the rows still to come.
func readUndo[T integer](r *reader, dst []T) (undo[T], []T) {
	var u undo[T]
	flags := r.byte()
	u.order, u.zigzag = int(flags&orderMask), flags&zigzagFlag != 0
	if u.order > maxOrder || flags&^(orderMask|zigzagFlag) != 0 {
		r.fail("transform %#x", flags)
	}
	k := min(u.order, len(dst))
	for i := range dst[:k] {
		dst[i] = T(r.varint())
	}
	u.base = T(r.varint())
	if r.err != nil {
		return u, nil
	}
	if k > 0 {
		u.last = dst[k-1]
	}
	if k > 1 {
		u.delta = dst[k-1] - dst[k-2]
	}
	return u, dst[k:]
}

// apply turns residuals, already out of zigzag, into values in place.
func (u *undo[T]) apply(v []T) {
	switch u.order {
	case 0:
		for i := range v {
			v[i] += u.base
		}
	case 1:
		last, base := u.last, u.base
		for i, x := range v {
			last += x + base
			v[i] = last
		}
		u.last = last
	default:
		last, delta, base := u.last, u.delta, u.base
		for i, x := range v {
			delta += x + base
			last += delta
			v[i] = last
		}
		u.last, u.delta = last, delta
	}
}
