package otlpwire

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// MaxDepth is how deep an attribute value or log body may nest: a plain value
// has depth 1, an array of plain values depth 2.
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
	errDeep        = fmt.Errorf("value nested deeper than %d", MaxDepth)
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
// nested deeper than [MaxDepth], varints and field numbers beyond their range
// and the scopes of pre-1.0 messages (field 1000). Like pdata, and unlike
// other protobuf libraries, it takes strings that are not valid UTF-8.
func Validate(signal Signal, request []byte) (Count, error) {
	v := validator{src: request}
	var root message
	switch signal {
	case Traces:
		root = msgTracesRequest
	case Logs:
		root = msgLogsRequest
	case Metrics:
		root = msgMetricsRequest
	default:
		return Count{}, fmt.Errorf("%w: no request of signal %d", ErrMalformed, signal)
	}
	if !v.message(root, 0, len(request), 0) {
		if v.path != "" {
			v.path += ": "
		}
		return Count{}, fmt.Errorf("%w: %s%w (byte %d)", ErrMalformed, v.path, v.reason, v.at)
	}
	return v.count, nil
}

// validator walks one request.
type validator struct {
	src   []byte
	count Count

	// Set by what fails first; path is then extended by each message around.
	at     int
	path   string
	reason error
}

// message checks the message of kind m in src[pos:end], within depth values.
func (v *validator) message(m message, pos, end, depth int) bool {
	if m == msgAnyValue {
		if depth++; depth > MaxDepth {
			return v.fail(m, pos, pos, 0, errDeep)
		}
	}
	start, records := pos, v.count.Records
	for pos < end {
		at := pos
		tag, pos2 := v.uvarint(pos, end)
		if pos2 < 0 {
			return v.fail(m, start, at, 0, varintError(pos2))
		}
		num, typ := tag>>3, protowire.Type(tag&7)
		if num == 0 || num > uint64(protowire.MaxValidNumber) {
			return v.fail(m, start, at, 0, errFieldNumber)
		}
		var f *field
		if num <= uint64(maxFieldNumber) {
			f = &schema[m][num]
		} else {
			f = &schema[m][0]
			if num == removedScopes && (m == msgResourceSpans || m == msgResourceLogs || m == msgResourceMetrics) {
				return v.fail(m, start, at, num, errRemoved)
			}
		}
		body, next, err := v.step(typ, pos2, end)
		if err != nil {
			return v.fail(m, start, at, num, err)
		}
		switch f.form {
		case formUnknown:
		case formMessage:
			if typ != protowire.BytesType {
				return v.fail(m, start, at, num, wireError(typ, protowire.BytesType))
			}
			switch f.role {
			case roleResource:
				v.count.Resources++
			case roleScope:
				v.count.Scopes++
			case roleRecord:
				v.count.Records++
			case roleData:
				v.count.Records = records
			}
			if !v.message(f.msg, body, next, depth) {
				return v.within(m, start, at, num)
			}
		default:
			if err := v.value(f.form, typ, body, next); err != nil {
				return v.fail(m, start, at, num, err)
			}
		}
		pos = next
	}
	return true
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
func (v *validator) value(f form, typ protowire.Type, pos, end int) error {
	want, n := protowire.BytesType, end-pos
	switch f {
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
			return nil
		}
		for typ == want && pos < end {
			if _, pos = v.uvarint(pos, end); pos < 0 {
				return varintError(pos)
			}
		}
	case formFixed64s:
		if typ == protowire.Fixed64Type {
			return nil
		}
		if typ == want && n%8 != 0 {
			return fmt.Errorf("%d bytes, which is no multiple of 8", n)
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
