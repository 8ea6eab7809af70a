package otlpwire

import (
	"bytes"

	"google.golang.org/protobuf/encoding/protowire"
)

// Halve cuts a request that Validate has passed in two valid ones with about
// half of its spans, log records or metrics each, in their order: a metric
// stays whole. Resources and scopes whose records are on both sides stand in
// both. It returns false for a request of fewer than two. The result does not
// alias request.
func Halve(request []byte) (first, second []byte, ok bool) {
	n := countRecords(request)
	if n < 2 {
		return nil, nil, false
	}
	h := halver{room: n / 2}
	first, second = h.message(request, RequestResource, h.resource)
	return first, second, true
}

// countRecords counts the spans, log records or metrics of a request; 0 of one
// that is malformed, so that nothing is cut off with what cannot be read.
func countRecords(request []byte) (n int) {
	f := Scan(request)
	for f.Next() {
		if f.Num != RequestResource {
			continue
		}
		g := Scan(f.Bytes())
		for g.Next() {
			if g.Num != GroupScopes {
				continue
			}
			s := Scan(g.Bytes())
			for s.Next() {
				if s.Num == ScopeGroupRecords {
					s.Bytes()
					n++
				}
			}
			if s.Err() != nil {
				return 0
			}
		}
		if g.Err() != nil {
			return 0
		}
	}
	if f.Err() != nil {
		return 0
	}
	return n
}

// halver walks a request. The first room records go to the first side.
type halver struct{ room, first, second int }

// cutter tells what of a field goes to which side; nil is nothing.
type cutter func(field []byte) (a, b []byte)

// message cuts one message. Its fields num are cut; all others describe them
// and go to both sides.
func (h *halver) message(msg []byte, num protowire.Number, cut cutter) (a, b []byte) {
	for f := Scan(msg); f.Next(); {
		if f.Num != num {
			a = append(a, f.Raw()...)
		}
	}
	b = bytes.Clone(a)
	for f := Scan(msg); f.Next(); {
		if f.Num != num {
			continue
		}
		x, y := cut(f.Bytes())
		if x != nil {
			a = AppendBytes(a, num, x)
		}
		if y != nil {
			b = AppendBytes(b, num, y)
		}
	}
	return a, b
}

func (h *halver) resource(msg []byte) (a, b []byte) {
	return h.group(msg, GroupScopes, h.scope)
}

func (h *halver) scope(msg []byte) (a, b []byte) {
	return h.group(msg, ScopeGroupRecords, h.record)
}

// group cuts the message of a resource or scope. It stands on a side that got
// some of its records; one without any is left out.
func (h *halver) group(msg []byte, num protowire.Number, cut cutter) (a, b []byte) {
	first, second := h.first, h.second
	a, b = h.message(msg, num, cut)
	if h.first == first {
		a = nil
	}
	if h.second == second {
		b = nil
	}
	return a, b
}

func (h *halver) record(msg []byte) (a, b []byte) {
	if h.first < h.room {
		h.first++
		return msg, nil
	}
	h.second++
	return nil, msg
}
