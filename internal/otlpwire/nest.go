package otlpwire

import (
	"errors"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// ErrNoRoom is the error of what would need more memory than there is for it.
var ErrNoRoom = errors.New("no memory left for it")

// Room tells whether some bytes more may be taken, and counts them as taken
// when it says so. nil gives all that is asked for.
type Room func(bytes int) bool

// Nest writes messages within messages whose lengths are known only when they
// end. Fields are appended to Buf, after Reserve made room for them; Begin and
// End stand around those of a message within:
//
//	n.Begin(otlpwire.ScopeSpansSpans)
//	n.Reserve(otlpwire.SizeBytes(otlpwire.SpanName, len(name)))
//	n.Buf = otlpwire.AppendString(n.Buf, otlpwire.SpanName, name)
//	n.End()
//
// The lengths are kept beside the bytes and put in at the end, in one copy:
// moving what was written to make room for each would copy the innermost
// message of a tower of them once for every level. The zero value is ready.
type Nest struct {
	Buf  []byte // everything but the lengths
	Room Room

	marks   []mark
	open    []int  // indexes of the marks of the messages that are open
	lengths uint32 // bytes that the lengths so far take
	full    bool
}

// mark is a message: its length stands in front of Buf[at]. While it is open,
// size is what lengths was when it began. There are many, of little each.
type mark struct{ at, size uint32 }

const markBytes = 8

// Reserve makes room for size more bytes in Buf. Without any left, Full is true
// from then on, and what is written is of no use.
func (n *Nest) Reserve(size int) {
	if cap(n.Buf)-len(n.Buf) >= size || n.full {
		return
	}
	more := max(size, cap(n.Buf), 512)
	if n.take(more) && cap(n.Buf)+more < math.MaxUint32/2 {
		n.Buf = slices.Grow(n.Buf, cap(n.Buf)-len(n.Buf)+more)
	} else {
		n.full = true
	}
}

// Full reports whether there was no room for something.
func (n *Nest) Full() bool { return n.full }

func (n *Nest) take(bytes int) bool { return n.Room == nil || n.Room(bytes) }

// Begin begins the message of field num.
func (n *Nest) Begin(num protowire.Number) {
	n.Reserve(SizeTag(num))
	n.Buf = AppendTag(n.Buf, num, protowire.BytesType)
	if more := max(len(n.marks), 64); len(n.marks) == cap(n.marks) && !n.full {
		n.full = !n.take(more * markBytes)
		n.marks = slices.Grow(n.marks, more)
	}
	n.open = append(n.open, len(n.marks))
	n.marks = append(n.marks, mark{at: uint32(len(n.Buf)), size: n.lengths})
}

// End ends the message that began last.
func (n *Nest) End() {
	i := len(n.open) - 1
	m := &n.marks[n.open[i]]
	n.open = n.open[:i]
	m.size = uint32(len(n.Buf)) - m.at + n.lengths - m.size
	n.lengths += uint32(SizeUvarint(uint64(m.size)))
}

// Bytes returns what was written, in bytes of its own. Every message has ended.
func (n *Nest) Bytes() ([]byte, error) {
	size := len(n.Buf) + int(n.lengths)
	if n.full || !n.take(size) {
		return nil, ErrNoRoom
	}
	dst, from := make([]byte, 0, size), 0
	for _, m := range n.marks {
		dst = append(dst, n.Buf[from:m.at]...)
		dst = AppendUvarint(dst, uint64(m.size))
		from = int(m.at)
	}
	return append(dst, n.Buf[from:]...), nil
}
