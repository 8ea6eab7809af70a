package encoding

import "encoding/binary"

func appendUvarint(dst []byte, v uint64) []byte { return binary.AppendUvarint(dst, v) }

func appendVarint(dst []byte, v int64) []byte {
	return binary.AppendUvarint(dst, uint64(v)<<1^uint64(v>>63))
}

// transform turns values into residuals that are small and not negative:
// differences of the given order (0 is the values themselves) less base. All
// arithmetic wraps at 64 bits, so that every column has residuals; a base above
// some values costs each of them a large residual, which the packed codec keeps
// as an exception.
type transform struct {
	order int
	base  int64
}

// maxOrder is the highest order of differences: 1 is delta, 2 delta-of-delta.
const maxOrder = 2

// appendHead appends
//
//	+-----------+-------------------+-------------+
//	| order u8  | order first       | base varint |
//	|           | values, varints   |             |
//	+-----------+-------------------+-------------+
//
// A column that is not longer than its order has only its values there.
func (t transform) appendHead(dst []byte, v []int64) []byte {
	dst = append(dst, byte(t.order))
	for _, x := range v[:min(t.order, len(v))] {
		dst = appendVarint(dst, x)
	}
	return appendVarint(dst, t.base)
}

// residuals writes the residuals of v[from:from+len(out)], where from is at
// least the order.
func (t transform) residuals(out []uint64, v []int64, from int) {
	w := v[from : from+len(out)]
	switch t.order {
	case 0:
		for i, x := range w {
			out[i] = uint64(x) - uint64(t.base)
		}
	case 1:
		last := v[from-1]
		for i, x := range w {
			out[i] = uint64(x) - uint64(last) - uint64(t.base)
			last = x
		}
	default:
		last := v[from-1]
		delta := last - v[from-2]
		for i, x := range w {
			d := x - last
			out[i] = uint64(d) - uint64(delta) - uint64(t.base)
			last, delta = x, d
		}
	}
}

// undo is a transform on its way back: it turns residuals into values, a
// stretch at a time.
type undo[T integer] struct {
	order       int
	base        T
	last, delta T
}

// readUndo reads the head of a transform and the first values, which it puts
// into dst; it returns the rows still to come.
func readUndo[T integer](r *reader, dst []T) (undo[T], []T) {
	var u undo[T]
	u.order = int(r.byte())
	if u.order > maxOrder {
		r.fail("order %d", u.order)
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

// apply turns residuals into values in place.
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

// appendPacked appends the packed codec: a transform's head, then blocks of
// blockLen residuals, the last one shorter.
func appendPacked(dst []byte, v []int64, t transform) []byte {
	dst = t.appendHead(append(dst, intPacked), v)
	var buf [blockLen]uint64
	for i := min(t.order, len(v)); i < len(v); i += blockLen {
		block := buf[:min(blockLen, len(v)-i)]
		t.residuals(block, v, i)
		dst = appendBlock(dst, block)
	}
	return dst
}

func readPacked[T integer](r *reader, dst []T) {
	u, dst := readUndo(r, dst)
	for len(dst) > 0 && r.err == nil {
		block := dst[:min(blockLen, len(dst))]
		readBlock(r, block)
		u.apply(block)
		dst = dst[len(block):]
	}
}
