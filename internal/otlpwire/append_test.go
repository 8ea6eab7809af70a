package otlpwire_test

import (
	"bytes"
	"math"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

// TestAppend holds what the Append and Size functions do against protowire.
func TestAppend(t *testing.T) {
	t.Parallel()
	values := []uint64{0, 1, 127, 128, 255, 300, 1 << 14, 1<<14 - 1, 1 << 32, math.MaxInt64, math.MaxUint64}
	for bit := range 64 {
		values = append(values, 1<<bit, 1<<bit-1)
	}
	f := func(what string, got, want []byte, size int) {
		t.Helper()
		if !bytes.Equal(got, want) {
			t.Errorf("%s: got %x, want %x", what, got, want)
		}
		if size != len(want) {
			t.Errorf("%s: size %d, want %d", what, size, len(want))
		}
	}
	for _, num := range []protowire.Number{1, 15, 16, 2047, 2048, protowire.MaxValidNumber} {
		for _, v := range values {
			f("varint", otlpwire.AppendVarint(nil, num, v), protowire.AppendVarint(protowire.AppendTag(nil, num, protowire.VarintType), v), otlpwire.SizeVarint(num, v))
			f("fixed64", otlpwire.AppendFixed64(nil, num, v), protowire.AppendFixed64(protowire.AppendTag(nil, num, protowire.Fixed64Type), v), otlpwire.SizeFixed64(num))
			f("fixed32", otlpwire.AppendFixed32(nil, num, uint32(v)), protowire.AppendFixed32(protowire.AppendTag(nil, num, protowire.Fixed32Type), uint32(v)), otlpwire.SizeFixed32(num))
			z := protowire.EncodeZigZag(int64(v))
			f("zigzag", otlpwire.AppendZigZag(nil, num, int64(v)), protowire.AppendVarint(protowire.AppendTag(nil, num, protowire.VarintType), z), otlpwire.SizeVarint(num, z))
		}
		for _, n := range []int{0, 1, 127, 128, 20000} {
			s := bytes.Repeat([]byte("x"), n)
			want := protowire.AppendBytes(protowire.AppendTag(nil, num, protowire.BytesType), s)
			f("bytes", otlpwire.AppendBytes(nil, num, s), want, otlpwire.SizeBytes(num, n))
			f("string", otlpwire.AppendString(nil, num, string(s)), want, otlpwire.SizeBytes(num, n))
			f("header", append(otlpwire.AppendHeader(nil, num, n), s...), want, otlpwire.SizeBytes(num, n))
		}
	}
	f("bool", otlpwire.AppendBool(nil, 2, true), []byte{2 << 3, 1}, otlpwire.SizeVarint(2, 1))
	f("double", otlpwire.AppendDouble(nil, 1, 1.5), protowire.AppendFixed64([]byte{1<<3 | 1}, math.Float64bits(1.5)), otlpwire.SizeFixed64(1))
}
