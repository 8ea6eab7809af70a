package otlpwire_test

import (
	"bytes"
	"errors"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

func TestFields(t *testing.T) {
	t.Parallel()
	msg := otlpwire.AppendString(nil, otlpwire.SpanName, "name")
	msg = otlpwire.AppendVarint(msg, otlpwire.SpanKind, 300)
	msg = otlpwire.AppendFixed64(msg, otlpwire.SpanStartTimeUnixNano, 1<<60)
	msg = otlpwire.AppendFixed32(msg, otlpwire.SpanFlags, 1<<30)
	f := otlpwire.Scan(msg)
	if !f.Next() || f.Num != otlpwire.SpanName || string(f.Bytes()) != "name" || f.Offset() != 0 {
		t.Errorf("got %+v", f)
	}
	if !f.Next() || f.Num != otlpwire.SpanKind || f.Varint() != 300 || f.Offset() != 6 {
		t.Errorf("got %+v", f)
	}
	if !f.Next() || f.Fixed64() != 1<<60 {
		t.Errorf("got %+v", f)
	}
	if !f.Next() || f.Num != otlpwire.SpanFlags || f.Fixed32() != 1<<30 {
		t.Errorf("got %+v", f)
	}
	if f.Next() || f.Err() != nil {
		t.Errorf("got %+v", f)
	}
	f = otlpwire.Scan(msg)
	f.Next()
	if f.Varint() != 0 || !errors.Is(f.Err(), otlpwire.ErrMalformed) || f.Next() {
		t.Errorf("a wrong wire type: got %v", f.Err())
	}
}

// FuzzFields holds the scan of a message against protowire.
func FuzzFields(f *testing.F) {
	f.Add(tracesRequest(f))
	f.Add([]byte{0x0b, 0x08, 1, 0x0c, 0x80, 0x01, 0x00})
	f.Fuzz(func(t *testing.T, msg []byte) {
		s := otlpwire.Scan(msg)
		rest := msg
		for s.Next() {
			num, typ, n := protowire.ConsumeField(rest)
			if n < 0 || num != s.Num || typ != s.Type || !bytes.Equal(rest[:n], s.Raw()) || s.Offset() != len(msg)-len(rest) {
				t.Fatalf("got field %d of type %d at %d, want %d, %d (%v) at %d", s.Num, s.Type, s.Offset(), num, typ, protowire.ParseError(n), len(msg)-len(rest))
			}
			if _, _, tag := protowire.ConsumeTag(rest); !sameValue(&s, rest[tag:]) {
				t.Fatalf("field %d of type %d at %d has another value", s.Num, s.Type, s.Offset())
			}
			rest = rest[n:]
		}
		if _, _, n := protowire.ConsumeField(rest); (len(rest) == 0 || n >= 0) != (s.Err() == nil) {
			t.Fatalf("got error %v, protowire %v", s.Err(), protowire.ParseError(n))
		}
		if s.Err() != nil && !errors.Is(s.Err(), otlpwire.ErrMalformed) {
			t.Fatalf("error %v is not ErrMalformed", s.Err())
		}
	})
}

// sameValue tells whether the current field has the value that b begins with,
// and no other.
func sameValue(s *otlpwire.Fields, b []byte) bool {
	switch s.Type {
	case protowire.VarintType:
		v, _ := protowire.ConsumeVarint(b)
		return s.Varint() == v
	case protowire.Fixed64Type:
		v, _ := protowire.ConsumeFixed64(b)
		return s.Fixed64() == v
	case protowire.Fixed32Type:
		v, _ := protowire.ConsumeFixed32(b)
		return s.Fixed32() == v
	case protowire.BytesType:
		v, _ := protowire.ConsumeBytes(b)
		return bytes.Equal(s.Bytes(), v)
	}
	wrong := *s // asking fails the scan
	return wrong.Bytes() == nil && wrong.Varint() == 0 && errors.Is(wrong.Err(), otlpwire.ErrMalformed)
}
