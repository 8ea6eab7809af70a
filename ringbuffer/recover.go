//go:build unix

package ringbuffer

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// recover brings a mapped file into the state a running ring expects. It finds
// the newest record, marks the holes between the slowest reader and it, and
// sets the head behind it. Nobody else uses the ring yet.
func (r *Ring) recover(boot [16]byte) error {
	clean := r.hdr.closedCleanly()
	// Without a boot id the worst is assumed. A clean close has synced.
	lost := !clean && (boot == [16]byte{} || boot != r.hdr.boot())
	r.found.powerLoss = lost
	if err := r.loadReaders(); err != nil {
		return err
	}
	if err := r.loadGaps(); err != nil {
		return err
	}
	tail, hint := r.hdr.tail().Load(), r.hdr.hint().Load()
	if err := r.checkPositions(tail, hint, lost); err != nil {
		return err
	}
	if lost {
		tail = r.outside(tail)
		r.leaveGaps()
	}
	low, high := r.cursorRange(tail)
	end := max(hint, high)
	if !clean {
		end = r.newestEnd(low)
		if lost {
			end = max(end, hint)
		}
		end = max(end, high)
	}
	if n := len(r.gaps); n > 0 {
		end = max(end, r.gaps[n-1].to)
	}
	low = r.raise(low, end)
	r.walk(low, end)
	if !clean {
		r.scrubFree(low, end)
	}
	head := end
	if lost {
		head = r.leaveGap(end)
	}
	r.begin(low, head, clean, lost, boot)
	return nil
}

// begin publishes the recovered state.
func (r *Ring) begin(low, head uint64, clean, lost bool, boot [16]byte) {
	for _, d := range r.catalog.load(!clean) {
		r.found.damaged(Damage{Pos: uint64(d), Catalog: true})
	}
	if lost {
		r.catalog.skipIDs(catalogIDJump)
	}
	if r.found.recovered == 0 {
		// Nothing is left that could refer to a definition.
		r.catalog.reset()
	}
	r.storeGaps()
	r.leaveGaps()
	low = r.outside(low)
	r.head.Store(head)
	r.hdr.hint().Store(head)
	r.setTailLocked(low)
	copy(r.hdr.b[offBoot:], boot[:])
	r.hdr.state().Store(fileOpen)
}

func (r *Ring) loadReaders() error {
	seen := map[string]bool{}
	for i := range r.names {
		name, used, err := r.hdr.reader(i)
		if err != nil {
			return err
		}
		if !used {
			continue
		}
		if seen[name] {
			return fmt.Errorf("%w: reader %q is there twice", ErrCorrupt, name)
		}
		seen[name] = true
		r.names[i] = name
	}
	return nil
}

// loadGaps reads the gaps and leaves out those all readers have passed. Nothing
// is written before the whole header is found good.
func (r *Ring) loadGaps() error {
	tail, at := r.hdr.tail().Load(), uint64(0)
	for i := range maxGaps {
		g := gap{r.hdr.gapAt(i).Load(), r.hdr.gapTo(i).Load()}
		if g.to == 0 {
			break
		}
		if g.at < at || g.to <= g.at || g.to > maxPosition || g.at%8 != 0 || (g.to-g.at)&r.mask != 0 {
			return fmt.Errorf("%w: gap %d to %d at byte %d", ErrCorrupt, g.at, g.to, offGaps+i*16)
		}
		at = g.to
		if g.to > tail {
			r.gaps = append(r.gaps, g)
		}
	}
	return nil
}

func (r *Ring) storeGaps() {
	for i := range maxGaps {
		g := gap{}
		if i < len(r.gaps) {
			g = r.gaps[i]
		}
		r.hdr.gapAt(i).Store(g.at)
		r.hdr.gapTo(i).Store(g.to)
	}
}

// checkPositions refuses a header that no running ring can leave behind. After
// power loss its sectors may be of different ages; then only what is absurd is
// refused.
func (r *Ring) checkPositions(tail, hint uint64, lost bool) error {
	bad := func(what string, pos uint64, why string) error {
		return fmt.Errorf("%w: %s at position %d %s", ErrCorrupt, what, pos, why)
	}
	check := func(what string, pos uint64) error {
		switch {
		case pos%8 != 0:
			return bad(what, pos, "is not aligned")
		case pos > maxPosition:
			return bad(what, pos, "is beyond every limit")
		case !lost && pos > hint, pos > hint && pos-hint > gapBytes:
			return bad(what, pos, fmt.Sprintf("is behind the head %d", hint))
		}
		if out := r.outside(pos); !lost && out != pos {
			return bad(what, pos, fmt.Sprintf("lies in the gap that ends at %d", out))
		}
		return nil
	}
	if err := check("head", hint); err != nil {
		return err
	}
	if err := check("tail", tail); err != nil {
		return err
	}
	for i, name := range r.names {
		if name == "" {
			continue
		}
		c, what := r.hdr.cursor(i).Load(), fmt.Sprintf("reader %q", name)
		if err := check(what, c); err != nil {
			return err
		}
		if !lost && c < tail {
			return bad(what, c, fmt.Sprintf("is before the tail %d", tail))
		}
	}
	return nil
}

// outside returns pos, or the end of the gap that pos lies in.
func (r *Ring) outside(pos uint64) uint64 {
	for _, g := range r.gaps {
		if pos > g.at && pos < g.to {
			return g.to
		}
	}
	return pos
}

// leaveGaps moves the cursors that lie in a gap behind it. One that stood at
// the end of a gap does when power was lost again before the next record, and
// the gap has grown.
func (r *Ring) leaveGaps() {
	for i, name := range r.names {
		if c := r.hdr.cursor(i); name != "" {
			c.Store(r.outside(c.Load()))
		}
	}
}

// cursorRange returns the lowest and highest cursor, or the tail for both.
func (r *Ring) cursorRange(tail uint64) (low, high uint64) {
	low, high = r.slowestLocked(), tail
	for i, name := range r.names {
		if name != "" {
			high = max(high, r.hdr.cursor(i).Load())
		}
	}
	return low, high
}

// newestEnd looks at every place of the data area for records at or above low
// and returns the position behind the newest, or low. A valid record can
// overlap no other: its header holds its position, its checksum every byte.
func (r *Ring) newestEnd(low uint64) uint64 {
	end := low
	for off := uint64(0); off < r.size; {
		w := r.word(off).Load() ^ r.key
		pos := w &^ stateMask
		if pos&r.mask == off && pos >= low && pos <= maxPosition/2 {
			if n, state := r.slotAt(pos); n > 0 && state != stateSkip {
				end = max(end, pos+n)
				off += n
				continue
			}
		}
		off += 8
	}
	return end
}

// slotAt verifies the slot at a position and returns its size and state, or 0.
func (r *Ring) slotAt(pos uint64) (n, state uint64) {
	off := pos & r.mask
	state = r.word(off).Load() ^ r.key ^ pos
	switch state {
	case stateSkip:
		return 8, state
	case stateCommitted, stateAborted, statePad:
	default:
		return 0, 0
	}
	if off+headerBytes > r.size {
		return 0, state
	}
	kind, n := r.kindLen(off)
	if off+slotBytes(n) > r.size || (state == statePad) != (kind == kindPad) {
		return 0, state
	}
	if checksum(pos, r.covered(off, n, state)) != binary.LittleEndian.Uint32(r.data[off+offCRC:]) {
		return 0, state
	}
	return slotBytes(n), state
}

// raise moves the cursors up to where the window of one lap before end begins:
// what is below was overwritten, and the header is older than the data.
func (r *Ring) raise(low, end uint64) uint64 {
	floor := r.floor(low, end)
	for i, name := range r.names {
		if name != "" && r.hdr.cursor(i).Load() < floor {
			r.hdr.cursor(i).Store(floor)
		}
	}
	if floor > low {
		r.found.lost += floor - low
	}
	return floor
}

// floor returns the lowest position at or above low that still has its own
// place in the data area when end is the head.
func (r *Ring) floor(low, end uint64) uint64 {
	if r.distance(low, end) <= r.size {
		return low
	}
	floor := end - min(r.size, end)
	for _, v := range slices.Backward(r.gaps) {
		if g := v; g.to <= end && g.to > floor {
			floor -= g.to - g.at
		}
	}
	return max(floor, low)
}

// walk verifies every slot from low to end, and marks what is none so that
// readers step over it. After power loss a reader may stand within such a
// hole, where it must not meet what is left of a slot: its part gets a mark of
// its own.
func (r *Ring) walk(low, end uint64) {
	hole, inHole := low, false
	closeHole := func(at uint64) {
		if inHole {
			r.fillHole(hole, at, end)
		}
		inHole = false
	}
	for pos := low; pos < end; {
		if to := r.past(pos); to != pos {
			closeHole(pos)
			pos = to
			continue
		}
		n, state := r.slotAt(pos)
		if n > 0 {
			closeHole(pos)
			if state == stateCommitted {
				r.found.recovered++
			}
			pos += n
			continue
		}
		if r.isCursor(pos) {
			closeHole(pos)
		}
		if state != 0 {
			r.found.damaged(Damage{Pos: pos})
		} else if !inHole {
			r.found.holes++
		}
		if !inHole {
			hole, inHole = pos, true
		}
		if pos += 8; pos >= end {
			closeHole(end)
		}
	}
}

func (r *Ring) isCursor(pos uint64) bool {
	for i, name := range r.names {
		if name != "" && r.hdr.cursor(i).Load() == pos {
			return true
		}
	}
	return false
}

// fillHole covers from..to with padding, cut at the end of the buffer. Old
// words in it that claim a later position are cleared first.
func (r *Ring) fillHole(from, to, end uint64) {
	for pos := from; pos < to; {
		n := min(to-pos, r.size-pos&r.mask, maxMark)
		r.scrub(pos&r.mask, n, end)
		r.mark(pos, n)
		pos += n
	}
}

// scrubFree clears words in the free space that claim a position still to
// come: torn records that power loss left behind. A reader would take them for
// committed when the head gets there.
func (r *Ring) scrubFree(low, end uint64) {
	free := r.size - min(r.size, r.distance(low, end))
	off := end & r.mask
	first := min(free, r.size-off)
	r.scrub(off, first, end)
	r.scrub(0, free-first, end)
}

func (r *Ring) scrub(off, n, end uint64) {
	for stop := off + n; off < stop; off += 8 {
		w := r.word(off).Load() ^ r.key
		if pos := w &^ stateMask; pos >= end && pos&r.mask == off && pos <= 2*maxPosition {
			r.word(off).Store(0)
		}
	}
}

// leaveGap returns the head to go on with after power loss: above every
// position that was given out before. Positions that a store has seen must not
// come again with other records.
func (r *Ring) leaveGap(end uint64) uint64 {
	n, last := max(gapBytes, r.size), len(r.gaps)-1
	switch {
	case end > maxPosition-2*n:
		return end
	case last >= 0 && r.gaps[last].to == end:
		r.gaps[last].to += n
	case len(r.gaps) == maxGaps:
		return end
	default:
		r.gaps = append(r.gaps, gap{end, end + n})
	}
	return end + n
}
