package otlpwire

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// Reason is why a record is refused while the others of its request are kept.
type Reason uint8

// The reasons.
const (
	// TooDeep is for a value within more than MaxDepth arrays and maps. In a
	// resource, scope or metric it takes all records with it.
	TooDeep Reason = iota
	// OutOfRange is for a time that a signed number of nanoseconds since 1970
	// cannot hold: after 2262-04-11.
	OutOfRange
	// TooOld is for a record that is older than the retention.
	TooOld
	// TooMany is for the records beyond MaxItems.
	TooMany

	Reasons // how many there are
)

// String returns the reason in one word, for counters.
func (r Reason) String() string {
	return [Reasons]string{"too_deep", "time_out_of_range", "too_old", "too_many_items"}[r]
}

func (r Reason) text() string {
	return [Reasons]string{
		fmt.Sprintf("a value within more than %d arrays and maps", MaxDepth),
		"a time after 2262-04-11",
		"older than the retention",
		fmt.Sprintf("beyond the %d records, attributes, events and buckets that a request may have", MaxItems),
	}[r]
}

// Refused counts the records that were left out of a request.
type Refused struct {
	Records [Reasons]int
	first   [Reasons]string // where the first one of each reason stands
}

// Add counts those of another request as well.
func (r *Refused) Add(other *Refused) {
	for reason, n := range other.Records {
		if r.Records[reason] += n; r.first[reason] == "" {
			r.first[reason] = other.first[reason]
		}
	}
}

// Total returns the number of records, whatever the reason.
func (r *Refused) Total() (n int) {
	for _, c := range r.Records {
		n += c
	}
	return n
}

// String says how many records were refused, why, and where the first ones stand.
func (r *Refused) String() string {
	var parts []string
	for reason, n := range r.Records {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d: %s, first %s", n, Reason(reason).text(), r.first[reason]))
		}
	}
	return strings.Join(parts, "; ")
}

// Admission is a request as it is to be kept.
type Admission struct {
	// Request is the request itself, or a mended one. Without records there is
	// nothing to keep.
	Request []byte
	// Records is how many spans, log records or data points it holds.
	Records int
	Mended  bool
	Refused Refused
}

// Admit is the one door to the store: what it lets in, the store keeps. It is
// Inspect, and Mend where there is something to mend. Errors wrap ErrMalformed
// or are ErrNoRoom.
func Admit(s Signal, request []byte, l Limits, room Room) (Admission, error) {
	f, err := Inspect(s, request, l)
	if err != nil {
		return Admission{}, err
	}
	return f.Admit(s, request, l, room)
}

// Admit does what is left of [Admit] after Inspect has passed the request with
// the same limits. It is for callers that make a room only where one is needed.
func (f *Findings) Admit(s Signal, request []byte, l Limits, room Room) (a Admission, err error) {
	a = Admission{Request: request, Records: f.Records}
	if f.Sound() {
		return a, nil
	}
	a.Mended = true
	if a.Request, a.Refused, err = Mend(s, request, l, room); err != nil {
		return Admission{}, err
	}
	a.Records -= a.Refused.Total()
	return a, nil
}

// Mend returns a request in which Inspect with the same limits finds nothing,
// of one that Inspect has passed. Text that is no UTF-8 has U+FFFD in place of
// each run of wrong bytes, a log record without any time is observed when it
// was received, and the records that cannot be kept are left out and counted.
// Everything else is as it came, what describes records in front of them. The
// result does not alias the request. The one error is ErrNoRoom.
func Mend(s Signal, request []byte, l Limits, room Room) ([]byte, Refused, error) {
	m, ok := root(s)
	if !ok {
		return nil, Refused{}, nil
	}
	d := mender{src: request, root: m, limits: l}
	d.out.Room = room
	d.group(m, 0, len(request))
	mended, err := d.out.Bytes()
	return mended, d.refused, err
}

// mender writes the mended request. That it walks a request which was
// validated lets it leave out every error.
type mender struct {
	src     []byte
	root    message
	limits  Limits
	out     Nest
	refused Refused
	items   int
}

// part is a field within the request: it begins at at, its value at pos.
type part struct {
	num          protowire.Number
	at, pos, end int
	rule         rule
}

// parts yields the fields of the message m in src[pos:end].
func (d *mender) parts(m message, pos, end int) func(yield func(part) bool) {
	return func(yield func(part) bool) {
		v := validator{src: d.src}
		for pos < end {
			num, _, body, next, err := v.field(pos, end)
			if err != nil || d.out.Full() {
				return
			}
			p := part{num: protowire.Number(num), at: pos, pos: body, end: next}
			if num <= uint64(maxFieldNumber) {
				p.rule = rules[m][num]
			}
			if !yield(p) {
				return
			}
			pos = next
		}
	}
}

// group writes a message that has records within, at whatever depth. What
// describes them comes first: without it they cannot be kept.
func (d *mender) group(m message, pos, end int) {
	for p := range d.parts(m, pos, end) {
		if p.rule.role.carries() {
			continue
		}
		v := d.inspect(m, p.at, p.end)
		if v.flaws&flawDeep != 0 {
			all := d.inspect(m, pos, end)
			d.refuse(TooDeep, all.count.Records, p.at)
			return
		}
		d.text(p, v.flaws)
	}
	before := d.refused
	items := d.items
	for p := range d.parts(m, pos, end) {
		switch {
		case !p.rule.role.carries():
			continue
		case p.rule.role == roleRecord:
			d.record(p)
			continue
		case p.rule.role == roleData:
			d.refused, d.items = before, items // those of the data that this one replaces
		}
		d.out.Begin(p.num)
		d.group(p.rule.msg, p.pos, p.end)
		d.out.End()
	}
}

// inspect walks part of the message m for what is wrong with it.
func (d *mender) inspect(m message, pos, end int) *validator {
	v := &validator{src: d.src, mendable: true, oldest: d.limits.oldest()}
	v.message(m, pos, end, 0)
	return v
}

// record writes one span, log record or data point, or refuses it.
func (d *mender) record(p part) {
	v := d.inspect(p.rule.msg, p.pos, p.end)
	v.endRecord(p.rule.msg)
	switch {
	case v.flaws&flawDeep != 0:
		d.refuse(TooDeep, 1, p.at)
		return
	case v.flaws&flawTime != 0:
		d.refuse(OutOfRange, 1, p.at)
		return
	case v.flaws&flawOld != 0:
		d.refuse(TooOld, 1, p.at)
		return
	case d.items+1+v.items > MaxItems:
		d.refuse(TooMany, 1, p.at)
		return
	}
	d.items += 1 + v.items
	if v.flaws&flawTimeless == 0 {
		d.text(p, v.flaws)
		return
	}
	d.out.Begin(p.num)
	d.message(p.rule.msg, p.pos, p.end)
	d.out.Reserve(SizeFixed64(LogRecordObservedTimeUnixNano))
	d.out.Buf = AppendFixed64(d.out.Buf, LogRecordObservedTimeUnixNano, uint64(max(d.limits.Received.UnixNano(), 0)))
	d.out.End()
}

// text writes a field in which all text is UTF-8: as it came when it has no
// such flaw.
func (d *mender) text(p part, f flaws) {
	switch {
	case f&flawText != 0 && p.rule.form == formMessage:
		d.out.Begin(p.num)
		d.message(p.rule.msg, p.pos, p.end)
		d.out.End()
	case f&flawText != 0 && p.rule.form == formString && !utf8.Valid(d.src[p.pos:p.end]):
		s := bytes.ToValidUTF8(d.src[p.pos:p.end], []byte("\uFFFD"))
		d.out.Reserve(SizeBytes(p.num, len(s)))
		d.out.Buf = AppendBytes(d.out.Buf, p.num, s)
	default:
		d.out.Reserve(p.end - p.at)
		d.out.Buf = append(d.out.Buf, d.src[p.at:p.end]...)
	}
}

// message writes the fields of a message in which all text is to be UTF-8.
func (d *mender) message(m message, pos, end int) {
	for p := range d.parts(m, pos, end) {
		d.text(p, flawText)
	}
}

// refuse counts n records that are left out because of the field at at.
func (d *mender) refuse(r Reason, n, at int) {
	if d.refused.Records[r] += n; d.refused.first[r] == "" && n > 0 {
		d.refused.first[r] = d.path(at)
	}
}

// path names the field that begins at byte target of the request.
func (d *mender) path(target int) string {
	var names []string
	m, pos, end := d.root, 0, len(d.src)
	for {
		var within part
		for within = range d.parts(m, pos, end) {
			if target < within.end {
				break
			}
		}
		if within.num > protowire.Number(maxFieldNumber) {
			return strings.Join(names, ".")
		}
		f := schema[m][within.num]
		name := f.name
		if f.repeated {
			v := validator{src: d.src}
			name = fmt.Sprintf("%s[%d]", f.name, v.index(uint64(within.num), pos, within.at))
		}
		names = append(names, name)
		if within.at == target || f.form != formMessage {
			return strings.Join(names, ".")
		}
		m, pos, end = f.msg, within.pos, within.end
	}
}
