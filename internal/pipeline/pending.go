package pipeline

import (
	"cmp"
	"iter"
	"slices"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/internal/ringpack"
	"github.com/ttlog/ttlog/ringbuffer"
)

// Request is one record of a ring as an Export…ServiceRequest.
type Request struct {
	Signal otlpwire.Signal
	// End is the ring position behind the record.
	End uint64

	kind otlpwire.Kind
	data []byte
}

// Payload returns the request's bytes. A full ring may hold many times its size
// in compressed requests, so each is unpacked when it is asked for.
func (r *Request) Payload() ([]byte, error) {
	_, payload, err := ringpack.Request(r.kind, r.data, nil)
	return payload, err
}

// Pending returns what a ring holds that its store has not made durable, one
// request a record, in the order of the ring. It is empty for a ring that no
// store reads. Records that cannot be understood are left out.
func Pending(snap *ringbuffer.Snapshot) ([]Request, error) {
	readers, err := snap.Readers()
	if err != nil || !slices.Contains(readers, storeReader) {
		return nil, err
	}
	return requests(snap, snap.Records(storeReader))
}

// Retained returns everything that a ring file still holds, what its store has
// made durable as well, in the order of the ring: for a file whose cursors are
// not to be trusted.
func Retained(snap *ringbuffer.Snapshot) ([]Request, error) {
	return requests(snap, snap.Retained())
}

func requests(snap *ringbuffer.Snapshot, records iter.Seq2[ringbuffer.Record, error]) ([]Request, error) {
	in := &intake{catalog: &catalog{ring: snap, known: make(map[uint32]*scopeDef)}}
	asm := newAssembler(in.catalog)
	var out []Request
	for rec, err := range records {
		if err != nil {
			return out, err
		}
		if s, ok := otlpwire.SignalOf(rec.Kind); ok && rec.Kind == otlpwire.ZstdKind(s) {
			out = append(out, Request{Signal: s, End: rec.End, kind: rec.Kind, data: rec.Data})
			continue
		}
		b := &in.batch
		b.reset()
		in.take(b, rec)
		for _, c := range b.chunks {
			out = append(out, Request{Signal: c.signal, End: c.end, kind: otlpwire.RequestKind(c.signal), data: c.payload(asm, nil)})
		}
	}
	slices.SortFunc(out, func(a, b Request) int { return cmp.Compare(a.End, b.End) })
	return out, nil
}
