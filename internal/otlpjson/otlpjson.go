// Package otlpjson turns OTLP JSON into OTLP protobuf, the one form that
// everything behind it knows.
//
// It follows the proto3 JSON mapping as a parser that ignores unknown fields
// and enum names, with OTLP's exception that trace and span ids are hexadecimal:
// null stands for the default of any field but not for an element of an array,
// numbers may be strings and integers have any form whose value is one, fields
// have their JSON or their .proto name and are given once, enums their name or
// number, bytes are base64 of either alphabet. Text that is no Unicode, be it a
// wrong byte or half of a surrogate pair, becomes U+FFFD, and a byte-order mark
// in front is stepped over.
//
// A request goes from tokens to bytes without objects between, so that memory
// grows with what is written and a few bytes of JSON never stand for hundreds.
package otlpjson

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

// maxPointer is how much of the place of an error is told: names in it are the
// sender's.
const maxPointer = 300

var byteOrderMark = []byte("\xef\xbb\xbf")

// Request turns one Export…ServiceRequest in OTLP's JSON encoding into its
// protobuf bytes, which otlpwire.Admit has still to look at. Values that nest
// too deep are cut where they begin to, for it to find. Memory is asked of room.
// Errors wrap otlpwire.ErrMalformed, or are otlpwire.ErrNoRoom.
func Request(s otlpwire.Signal, body []byte, room otlpwire.Room) ([]byte, error) {
	root, ok := requests[s]
	if !ok {
		return nil, fmt.Errorf("%w: no request of signal %d", otlpwire.ErrMalformed, s)
	}
	text := bytes.TrimPrefix(body, byteOrderMark)
	t := translator{
		src:    jsontext.NewDecoder(bytes.NewBuffer(text), jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true)),
		before: len(body) - len(text),
	}
	t.out.Room = room
	err := t.message(root, 0)
	if err == nil {
		err = t.end()
	}
	if err != nil {
		return nil, t.malformed(err)
	}
	return t.out.Bytes()
}

// translator reads the tokens of one request.
type translator struct {
	src    *jsontext.Decoder
	out    otlpwire.Nest
	before int // bytes in front of what src reads
}

// message reads an object as the message m, with depth values around it.
func (t *translator) message(m *message, depth int) error {
	if m.value {
		if depth++; depth > otlpwire.MaxDepth+1 {
			return t.src.SkipValue()
		}
	}
	if err := t.open('{'); err != nil {
		return err
	}
	var seen, seenOneofs uint64
	for t.src.PeekKind() != '}' {
		f, err := t.field(m)
		if err != nil {
			return err
		}
		if f == nil {
			if err := t.src.SkipValue(); err != nil {
				return err
			}
			continue
		}
		if seen&f.bit != 0 {
			return t.wrong("a field that is given twice")
		}
		seen |= f.bit
		if t.src.PeekKind() == 'n' {
			if _, err := t.src.ReadToken(); err != nil {
				return err
			}
			continue
		}
		if seenOneofs&f.oneof != 0 {
			return t.wrong("a second one of fields of which a message has one")
		}
		seenOneofs |= f.oneof
		if err := t.value(f, depth); err != nil {
			return err
		}
		if t.out.Full() {
			return otlpwire.ErrNoRoom
		}
	}
	_, err := t.src.ReadToken()
	return err
}

// field reads a name and returns its field, nil for an unknown one.
func (t *translator) field(m *message) (*field, error) {
	name, err := t.src.ReadValue()
	if err != nil {
		return nil, err
	}
	inner := []byte(name[1 : len(name)-1])
	if bytes.IndexByte(inner, '\\') >= 0 {
		if inner, err = jsontext.AppendUnquote(nil, name); err != nil {
			return nil, nil //nolint:nilerr // no name of ours: unknown
		}
	}
	f := m.fields[string(inner)]
	if f != nil && f.foreign {
		return nil, t.wrong("a field of another signal")
	}
	return f, nil
}

// value reads the value of a field.
func (t *translator) value(f *field, depth int) error {
	if !f.list {
		return t.single(f, depth)
	}
	if err := t.open('['); err != nil {
		return err
	}
	packed := f.packed && t.src.PeekKind() != ']'
	if packed {
		t.out.Begin(f.num)
	}
	for t.src.PeekKind() != ']' {
		if err := t.single(f, depth); err != nil {
			return err
		}
		if t.out.Full() {
			return otlpwire.ErrNoRoom
		}
	}
	if packed {
		t.out.End()
	}
	_, err := t.src.ReadToken()
	return err
}

// single reads one value: a field's, or an element of its list.
func (t *translator) single(f *field, depth int) error {
	if f.kind == protoreflect.MessageKind {
		t.out.Begin(f.num)
		if err := t.message(f.msg, depth); err != nil {
			return err
		}
		t.out.End()
		return nil
	}
	v, err := t.src.ReadValue()
	if err != nil {
		return err
	}
	switch f.kind {
	case protoreflect.StringKind:
		return t.text(f, v)
	case protoreflect.BytesKind:
		return t.bytes(f, v)
	}
	n, ok := f.number(v)
	if !ok {
		return t.wrong("want %s, found %.40s", f.want(), v)
	}
	t.scalar(f, n)
	return nil
}

// scalar writes a number, bool or enum, given as it stands on the wire.
func (t *translator) scalar(f *field, n uint64) {
	if n == 0 && !f.presence && !f.list {
		return // the default, which proto3 leaves out
	}
	t.out.Reserve(otlpwire.SizeTag(f.num) + 10)
	if !f.packed {
		t.out.Buf = otlpwire.AppendTag(t.out.Buf, f.num, f.wire)
	}
	switch f.wire {
	case protowire.Fixed64Type:
		t.out.Buf = protowire.AppendFixed64(t.out.Buf, n)
	case protowire.Fixed32Type:
		t.out.Buf = protowire.AppendFixed32(t.out.Buf, uint32(n))
	default:
		t.out.Buf = otlpwire.AppendUvarint(t.out.Buf, n)
	}
}

// text writes a string.
func (t *translator) text(f *field, v jsontext.Value) error {
	if v.Kind() != '"' {
		return t.wrong("want a string, found %.40s", v)
	}
	inner := v[1 : len(v)-1]
	if len(inner) == 0 && !f.presence && !f.list {
		return nil
	}
	if bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
		t.out.Reserve(otlpwire.SizeBytes(f.num, len(inner)))
		t.out.Buf = otlpwire.AppendBytes(t.out.Buf, f.num, inner)
		return nil
	}
	t.out.Begin(f.num)
	t.out.Reserve(3 * len(inner)) // U+FFFD takes three bytes, for one that is wrong
	// The error tells of text that is no Unicode, which was replaced.
	t.out.Buf, _ = jsontext.AppendUnquote(t.out.Buf, v)
	t.out.End()
	return nil
}

// bytes writes a bytes field.
func (t *translator) bytes(f *field, v jsontext.Value) error {
	if v.Kind() != '"' {
		return t.wrong("want %s, found %.40s", f.want(), v)
	}
	inner := []byte(v[1 : len(v)-1])
	if bytes.IndexByte(inner, '\\') >= 0 {
		t.out.Reserve(len(inner))
		inner, _ = jsontext.AppendUnquote(nil, v)
	}
	t.out.Reserve(otlpwire.SizeBytes(f.num, len(inner)))
	decoded, err := f.decode(inner)
	if err != nil {
		return t.wrong("want %s: %s", f.want(), err)
	}
	if len(decoded) > 0 || f.presence || f.list {
		t.out.Buf = otlpwire.AppendBytes(t.out.Buf, f.num, decoded)
	}
	return nil
}

// open reads the begin of an object or array.
func (t *translator) open(kind jsontext.Kind) error {
	if found := t.src.PeekKind(); found != kind && found != jsontext.KindInvalid {
		return t.wrong("want %s, found %s", kindNames[kind], kindNames[found])
	}
	_, err := t.src.ReadToken()
	return err
}

var kindNames = map[jsontext.Kind]string{
	'{': "an object", '[': "an array", '"': "a string", '0': "a number", 't': "true", 'f': "false", 'n': "null",
	'}': "the end of an object", ']': "the end of an array",
}

// end refuses anything behind the document.
func (t *translator) end() error {
	if _, err := t.src.ReadToken(); !errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return t.wrong("more bytes behind the end of the document")
	}
	return nil
}

// misfit is JSON that is no request.
type misfit struct{ text string }

func (m *misfit) Error() string { return m.text }

// wrong is the error of what was read last.
func (t *translator) wrong(format string, args ...any) error {
	return &misfit{t.place(fmt.Sprintf(format, args...), t.src.StackPointer(), t.src.InputOffset())}
}

func (t *translator) place(what string, at jsontext.Pointer, offset int64) string {
	if len(at) > maxPointer {
		at = "…" + at[len(at)-maxPointer:]
	}
	if at != "" {
		what = string(at) + ": " + what
	}
	return fmt.Sprintf("%s (byte %d)", what, offset+int64(t.before))
}

// malformed is what Request returns for an error.
func (t *translator) malformed(err error) error {
	if errors.Is(err, otlpwire.ErrNoRoom) {
		return err
	}
	text := err.Error()
	var syntax *jsontext.SyntacticError
	switch {
	case errors.As(err, &syntax):
		what := syntax.Err.Error()
		if errors.Is(err, io.ErrUnexpectedEOF) {
			what = "the document ends within a value"
		}
		text = t.place(what, syntax.JSONPointer, syntax.ByteOffset)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		text = "no document"
	}
	return fmt.Errorf("%w: JSON: %s", otlpwire.ErrMalformed, strings.ToValidUTF8(text, "\uFFFD"))
}
