package otlpwire

import (
	"encoding/binary"
	"math"
	"time"
	"unicode/utf8"
)

// MaxItems is the largest number of records, their attributes, events, links,
// exemplars, quantiles, buckets and bodies, all together, of one request: more
// than 64 MiB of real telemetry have. The store keeps no more of one.
const MaxItems = 8 << 20

// Limits are what records must keep to, beyond their structure, to be taken.
type Limits struct {
	// Received is the time of receipt, which becomes the observed time of a log
	// record that has no time at all.
	Received time.Time
	// Retention is the age above which a record is refused; 0 or less is none.
	Retention time.Duration
}

func (l Limits) oldest() uint64 {
	if l.Retention <= 0 {
		return 0
	}
	return uint64(max(l.Received.Add(-l.Retention).UnixNano(), 0))
}

// flaws are what a request has that is not kept as it came.
type flaws uint8

const (
	flawText     flaws = 1 << iota // a string that is no UTF-8
	flawTimeless                   // a log record without any time
	flawDeep                       // a value within more than MaxDepth others
	flawTime                       // a time that a signed number of nanoseconds cannot hold
	flawOld                        // a record older than the retention
	flawItems                      // more than MaxItems
)

// Findings is what Inspect found in a request.
type Findings struct {
	Count
	// Items is what MaxItems bounds.
	Items int
	flaws flaws
}

// Sound reports whether the request can be kept as it came.
func (f *Findings) Sound() bool { return f.flaws == 0 }

// Inspect is Validate, and finds in the same pass whether the request is one
// that [Mend] has to mend before it is kept. A value that nests too deep is
// such a flaw to it and no error.
func Inspect(s Signal, request []byte, l Limits) (Findings, error) {
	v := validator{src: request, mendable: true, oldest: l.oldest()}
	if err := v.request(s); err != nil {
		return Findings{}, err
	}
	if v.items > MaxItems {
		v.flaws |= flawItems
	}
	return Findings{Count: v.count, Items: v.items, flaws: v.flaws}, nil
}

// nanos notes a time of a record.
func (v *validator) nanos(r role, t uint64) {
	switch r {
	case roleTime:
		v.time = t
	case roleObserved:
		v.observed = t
	}
	if t > math.MaxInt64 {
		v.flaws |= flawTime
	}
}

// endRecord looks at the time of the record that ended.
func (v *validator) endRecord(m message) {
	t := v.time
	if m == msgLogRecord && t == 0 {
		if t = v.observed; t == 0 {
			v.flaws |= flawTimeless
			return
		}
	}
	if t < v.oldest {
		v.flaws |= flawOld
	}
}

// text looks whether src[pos:end] is UTF-8. Nearly all of it is ASCII and
// short: eight bytes at a time, the last of them together with what stands in
// front, take a fraction of what utf8.Valid does.
func (v *validator) text(pos, end int) {
	const high = 0x8080808080808080
	at := pos
	for ; end-at >= 8; at += 8 {
		if binary.LittleEndian.Uint64(v.src[at:])&high != 0 {
			v.runes(pos, end)
			return
		}
	}
	if at == end {
		return
	}
	if end < 8 {
		v.runes(pos, end)
		return
	}
	if binary.LittleEndian.Uint64(v.src[end-8:])>>(8*(8-uint(end-at)))&high != 0 {
		v.runes(pos, end)
	}
}

func (v *validator) runes(pos, end int) {
	if !utf8.Valid(v.src[pos:end]) {
		v.flaws |= flawText
	}
}
