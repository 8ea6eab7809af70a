package otlpwire

import (
	"encoding/binary"
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// MaxDepth is how many arrays and maps may stand around a value, within one
// attribute or log body. It is the limit that the SDK for Go keeps log
// attributes to by itself.
const MaxDepth = 64

// Count tells how much a request holds.
type Count struct {
	// Resources is the number of ResourceSpans, ResourceLogs or
	// ResourceMetrics.
	Resources int
	// Scopes is the number of ScopeSpans, ScopeLogs or ScopeMetrics.
	Scopes int
	// Records is the number of spans, log records or data points.
	Records int
}

// Reasons for which Validate refuses what pdata takes; every other error is
// one of pdata's too.
var (
	errGroup       = errors.New("a group, which OTLP does not use")
	errDeep        = fmt.Errorf("value within more than %d arrays and maps", MaxDepth)
	errLongVarint  = errors.New("varint of more than 64 bits")
	errFieldNumber = errors.New("field number out of range")
	errRemoved     = errors.New("field 1000, from before OTLP 1.0, is no longer read; send scopes as field 2")
)

var (
	errTruncated = errors.New("message ends within the field")
	errWireType  = errors.New("unknown wire type")
)

// Validate checks the structure of one whole Export{Trace,Logs,Metrics}
// ServiceRequest (or TracesData, LogsData, MetricsData, which are the same on
// the wire), and counts what it holds. It builds nothing and does not allocate
// unless it fails. The error wraps [ErrMalformed] and says which field is bad
// and at which byte of the request it begins:
//
//	malformed OTLP: resource_spans[2].scope_spans[0].spans[17].trace_id: 15 bytes, want 16 (byte 1234)
//
// A request that passes is one that pdata can unmarshal: known fields have
// their wire type, lengths fit, ids are absent, empty or whole. Unknown fields
// are stepped over. Validate is stricter than pdata in refusing groups, values
// within more than [MaxDepth] others, varints and field numbers beyond their range
// and the scopes of pre-1.0 messages (field 1000). Like pdata, and unlike
// other protobuf libraries, it takes strings that are not valid UTF-8.
func Validate(signal Signal, request []byte) (Count, error) {
	v := validator{src: request}
	if err := v.request(signal); err != nil {
		return Count{}, err
	}
	return v.count, nil
}

// validator walks one request.
type validator struct {
	src   []byte
	count Count

	// mendable makes values that nest too deep a flaw, which is noted and
	// stepped over, and not an error.
	mendable bool
	oldest   uint64 // records before this time are flawed
	flaws    flaws
	items    int // records, and what they have many of

	// Of the record that is being walked.
	time, observed uint64

	// Set by what fails first; path is then extended by each message around.
	at     int
	path   string
	reason error
}

// root returns the message that a request of a signal is.
func root(s Signal) (m message, ok bool) {
	switch s {
	case Traces:
		return msgTracesRequest, true
	case Logs:
		return msgLogsRequest, true
	case Metrics:
		return msgMetricsRequest, true
	}
	return 0, false
}

// request walks the whole request.
func (v *validator) request(signal Signal) error {
	m, ok := root(signal)
	if !ok {
		return fmt.Errorf("%w: no request of signal %d", ErrMalformed, signal)
	}
	if v.message(m, 0, len(v.src), 0) {
		return nil
	}
	if v.path != "" {
		v.path += ": "
	}
	return fmt.Errorf("%w: %s%w (byte %d)", ErrMalformed, v.path, v.reason, v.at)
}

// message checks the message of kind m in src[pos:end], with depth values
// around it.
func (v *validator) message(m message, pos, end, depth int) bool {
	if m == msgAnyValue {
		if depth++; depth > MaxDepth+1 {
			if v.mendable {
				v.flaws |= flawDeep
				return true
			}
			return v.fail(m, pos, pos, 0, errDeep)
		}
	}
	start, records, items := pos, v.count.Records, v.items
	for pos < end {
		at := pos
		num, typ, body, next := v.short(pos, end)
		if next > end {
			var err error
			if num, typ, body, next, err = v.field(pos, end); err != nil {
				return v.fail(m, start, at, num, err)
			}
		}
		r := &rules[m][0]
		if num <= uint64(maxFieldNumber) {
			r = &rules[m][num]
		} else if num == removedScopes && (m == msgResourceSpans || m == msgResourceLogs || m == msgResourceMetrics) {
			return v.fail(m, start, at, num, errRemoved)
		}
		switch r.form {
		case formUnknown:
		case formMessage:
			if typ != protowire.BytesType {
				return v.fail(m, start, at, num, wireError(typ, protowire.BytesType))
			}
			switch r.role {
			case roleResource:
				v.count.Resources++
			case roleScope:
				v.count.Scopes++
			case roleData:
				v.count.Records, v.items = records, items
			case roleRecord:
				v.count.Records++
				v.items++
				v.time, v.observed = 0, 0
			case roleItem:
				v.items++
			}
			if r.msg == msgKeyValue && depth == 0 && v.plainAttribute(v.src[body:next], body) {
				break
			}
			if !v.message(r.msg, body, next, depth) {
				return v.within(m, start, at, num)
			}
			if r.role == roleRecord {
				v.endRecord(r.msg)
			}
		case formString:
			if typ != protowire.BytesType {
				return v.fail(m, start, at, num, wireError(typ, protowire.BytesType))
			}
			v.text(body, next)
		case formTime:
			if typ != protowire.Fixed64Type {
				return v.fail(m, start, at, num, wireError(typ, protowire.Fixed64Type))
			}
			v.nanos(r.role, binary.LittleEndian.Uint64(v.src[body:next]))
		default:
			if err := v.value(r, typ, body, next); err != nil {
				return v.fail(m, start, at, num, err)
			}
		}
		pos = next
	}
	return true
}

// The first bytes of the fields of a plain attribute: number and wire type.
const (
	tagKey    = byte(KeyValueKey)<<3 | byte(protowire.BytesType)
	tagValue  = byte(KeyValueValue)<<3 | byte(protowire.BytesType)
	tagString = byte(AnyValueString)<<3 | byte(protowire.BytesType)
	tagBool   = byte(AnyValueBool)<<3 | byte(protowire.VarintType)
	tagInt    = byte(AnyValueInt)<<3 | byte(protowire.VarintType)
	tagDouble = byte(AnyValueDouble)<<3 | byte(protowire.Fixed64Type)
)

// plainAttribute checks a KeyValue message that begins at pos, if it has the form
// that nearly all have, and that most of a request consists of: a key and a plain
// value, shorter than 128 bytes, in this order, each once. It returns false for any
// other, and for a wrong one: of those message is the judge.
func (v *validator) plainAttribute(kv []byte, pos int) bool {
	if len(kv) < 4 || kv[0] != tagKey || kv[1] >= 0x80 {
		return false
	}
	key := 2 + int(kv[1])
	if key+4 > len(kv) || kv[key] != tagValue || kv[key+1] >= 0x80 || key+2+int(kv[key+1]) != len(kv) {
		return false
	}
	switch value := kv[key+2:]; value[0] {
	case tagString:
		if int(value[1]) != len(value)-2 {
			return false
		}
		v.text(pos+key+4, pos+len(kv))
	case tagBool:
		if len(value) != 2 || value[1] >= 0x80 {
			return false
		}
	case tagInt:
		if _, n := binary.Uvarint(value[1:]); n != len(value)-1 {
			return false
		}
	case tagDouble:
		if len(value) != 9 {
			return false
		}
	default:
		return false
	}
	v.text(pos+2, pos+key)
	return true
}

// short reads the field at pos when its tag takes one byte and its length or
// varint another, which nearly all do: where its value begins, without its
// length, and ends. next lies beyond end for any other, and for a wrong one.
func (v *validator) short(pos, end int) (num uint64, typ protowire.Type, body, next int) {
	if end-pos < 2 {
		return 0, 0, 0, end + 1
	}
	tag, n := v.src[pos], v.src[pos+1]
	num, typ = uint64(tag>>3), protowire.Type(tag&7)
	switch {
	case tag >= 0x80 || tag < 8:
	case typ == protowire.BytesType && n < 0x80:
		return num, typ, pos + 2, pos + 2 + int(n)
	case typ == protowire.Fixed64Type:
		return num, typ, pos + 1, pos + 9
	case typ == protowire.VarintType && n < 0x80:
		return num, typ, pos + 1, pos + 2
	}
	return 0, 0, 0, end + 1
}

// field reads the field at pos. num is 0 where an error is about the tag.
func (v *validator) field(pos, end int) (num uint64, typ protowire.Type, body, next int, err error) {
	tag, pos := v.uvarint(pos, end)
	if pos < 0 {
		return 0, 0, 0, 0, varintError(pos)
	}
	num, typ = tag>>3, protowire.Type(tag&7)
	if num == 0 || num > uint64(protowire.MaxValidNumber) {
		return 0, 0, 0, 0, errFieldNumber
	}
	body, next, err = v.step(typ, pos, end)
	return num, typ, body, next, err
}

// step finds where the value of a field begins, without its length, and ends.
func (v *validator) step(typ protowire.Type, pos, end int) (body, next int, err error) {
	body = pos
	switch typ {
	case protowire.VarintType:
		if _, next = v.uvarint(pos, end); next < 0 {
			return 0, 0, varintError(next)
		}
	case protowire.Fixed64Type:
		next = pos + 8
	case protowire.Fixed32Type:
		next = pos + 4
	case protowire.BytesType:
		var n uint64
		if n, body = v.uvarint(pos, end); body < 0 {
			return 0, 0, varintError(body)
		}
		if n > uint64(end-body) {
			return 0, 0, fmt.Errorf("length %d, but %d bytes are left", n, end-body)
		}
		next = body + int(n)
	case protowire.StartGroupType, protowire.EndGroupType:
		return 0, 0, errGroup
	default:
		return 0, 0, fmt.Errorf("%w %d", errWireType, typ)
	}
	if next > end {
		return 0, 0, errTruncated
	}
	return body, next, nil
}

// value checks a field that is no message: its wire type, and its content,
// which stands in src[pos:end].
func (v *validator) value(r *rule, typ protowire.Type, pos, end int) error {
	want, n := protowire.BytesType, end-pos
	switch r.form {
	case formVarint:
		want = protowire.VarintType
	case formFixed64:
		want = protowire.Fixed64Type
	case formFixed32:
		want = protowire.Fixed32Type
	case formTraceID:
		if typ == want && n != 0 && n != 16 {
			return fmt.Errorf("%d bytes, want 16", n)
		}
	case formSpanID:
		if typ == want && n != 0 && n != 8 {
			return fmt.Errorf("%d bytes, want 8", n)
		}
	case formVarints:
		if typ == protowire.VarintType {
			v.items++
			return nil
		}
		for typ == want && pos < end {
			if _, pos = v.uvarint(pos, end); pos < 0 {
				return varintError(pos)
			}
			v.items++
		}
	case formFixed64s:
		if typ == protowire.Fixed64Type {
			n = 8
		} else if typ == want && n%8 != 0 {
			return fmt.Errorf("%d bytes, which is no multiple of 8", n)
		}
		if r.role == roleItems {
			v.items += n / 8
		}
		if typ == protowire.Fixed64Type {
			return nil
		}
	}
	if typ != want {
		return wireError(typ, want)
	}
	return nil
}

// What uvarint returns in place of a position.
const (
	varintTruncated = -1
	varintOverflow  = -2
)

// uvarint reads the varint at src[pos:end] and returns the position behind it,
// or one of the negative constants above.
func (v *validator) uvarint(pos, end int) (uint64, int) {
	if pos < end && v.src[pos] < 0x80 {
		return uint64(v.src[pos]), pos + 1
	}
	x, n := protowire.ConsumeVarint(v.src[pos:end])
	switch {
	case n >= 0:
		return x, pos + n
	case end-pos >= 10:
		return 0, varintOverflow
	}
	return 0, varintTruncated
}

func varintError(n int) error {
	if n == varintOverflow {
		return errLongVarint
	}
	return errTruncated
}

func wireError(got, want protowire.Type) error {
	return fmt.Errorf("wire type %d, want %d", got, want)
}

// fail notes that field num (0 when it could not be read) of the message m
// that begins at start is bad, for the reason given. The field begins at at.
func (v *validator) fail(m message, start, at int, num uint64, reason error) bool {
	v.at, v.reason = at, reason
	if num == 0 {
		return false
	}
	return v.within(m, start, at, num)
}

// within puts field num of message m in front of the path, with its index when
// it is repeated. It returns false, for its caller to return in turn.
func (v *validator) within(m message, start, at int, num uint64) bool {
	name := fmt.Sprintf("field %d", num)
	if num <= uint64(maxFieldNumber) && schema[m][num].form != formUnknown {
		f := &schema[m][num]
		name = f.name
		if f.repeated {
			name = fmt.Sprintf("%s[%d]", f.name, v.index(num, start, at))
		}
	}
	if v.path != "" {
		name += "."
	}
	v.path = name + v.path
	return false
}

// index counts the fields num in src[start:at], which is known to be sound.
func (v *validator) index(num uint64, start, at int) int {
	n := 0
	for f := Scan(v.src[start:at]); f.Next(); {
		if uint64(f.Num) == num {
			n++
		}
	}
	return n
}
