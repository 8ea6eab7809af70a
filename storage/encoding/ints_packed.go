package encoding

// appendPacked appends the packed codec: a transform's head, then blocks of
// blockLen residuals, the last one shorter.
func appendPacked(dst []byte, v []int64, t transform) []byte {
	dst = t.appendHead(append(dst, intPacked), v)
	var buf [blockLen]uint64
	var diff [blockLen]int64
	for i := min(t.order, len(v)); i < len(v); i += blockLen {
		block := buf[:min(blockLen, len(v)-i)]
		t.residuals(block, diff[:], v, i)
		dst = appendBlock(dst, block)
	}
	return dst
}

func readPacked[T integer](r *reader, dst []T) {
	u, dst := readUndo(r, dst)
	if u.zigzag {
		r.fail("zigzag residuals")
	}
	for len(dst) > 0 && r.err == nil {
		block := dst[:min(blockLen, len(dst))]
		readBlock(r, block)
		u.apply(block)
		dst = dst[len(block):]
	}
}

// appendLocal appends the local codec: a transform's head with base 0, then for
// each block its own base, as a varint of the difference to the base before it
// (the first to 0), and the block of what lies above that base. It suits values
// that wander: row references, or rates that change from one group to the next.
func appendLocal(dst []byte, v []int64, order int) []byte {
	t := transform{order: order}
	dst = t.appendHead(append(dst, intLocal), v)
	var buf [blockLen]uint64
	var diff [blockLen]int64
	base := int64(0)
	for i := min(order, len(v)); i < len(v); i += blockLen {
		block := buf[:min(blockLen, len(v)-i)]
		differences(diff[:len(block)], v, i, order)
		low := diff[0]
		for _, d := range diff[1:len(block)] {
			low = min(low, d)
		}
		transform{base: low}.shift(block, diff[:len(block)])
		dst = appendVarint(dst, low-base)
		dst = appendBlock(dst, block)
		base = low
	}
	return dst
}

func readLocal[T integer](r *reader, dst []T) {
	u, dst := readUndo(r, dst)
	if u.zigzag {
		r.fail("zigzag residuals")
	}
	for len(dst) > 0 && r.err == nil {
		block := dst[:min(blockLen, len(dst))]
		u.base += T(r.varint())
		readBlock(r, block)
		u.apply(block)
		dst = dst[len(block):]
	}
}
