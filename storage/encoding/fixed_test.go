package encoding

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"testing"
)

func TestFixedBytes_RoundTrip(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	random := make([]byte, 16*1000)
	for i := range random {
		random[i] = byte(rng.Uint32())
	}
	half := bytes.Clone(random)
	var rising []byte
	for i := 0; i < len(half); i += 16 {
		clear(half[i : i+8])
		rising = binary.BigEndian.AppendUint64(rising, uint64(i)*1001+rng.Uint64N(50))
	}
	for _, c := range []struct {
		name string
		v    []byte
		w    int
		most int // bytes the column may take
	}{
		{"none", nil, 8, 2},
		{"one", []byte("12345678"), 8, 12},
		{"one byte", []byte("aabbab"), 1, 8},
		{"odd width", random[:11*90], 11, 11*90 + 2},
		{"random", random, 16, len(random) + 2},
		{"half constant", half, 16, len(half)/2 + 100},
		{"rising", rising, 8, len(rising)/4 + 100},
		{"few", bytes.Repeat(random[:16*5], 300), 16, 1000},
		{"widest", random[:256*20], 256, 256*20 + 2},
	} {
		for _, level := range levels {
			col := Encoder{Level: level}.AppendBytes(nil, c.v, c.w)
			got, err := FixedBytes([]byte("x"), col, len(c.v)/c.w, c.w)
			if err != nil || !bytes.Equal(got[1:], c.v) {
				t.Fatalf("%s: got %x, %v; want %x", c.name, got, err, c.v)
			}
			if len(col) > c.most {
				t.Errorf("%s: %d bytes, want at most %d", c.name, len(col), c.most)
			}
			if _, err := FixedBytes(nil, append(col, 0), len(c.v)/c.w, c.w); !errors.Is(err, ErrCorrupt) {
				t.Errorf("%s: a byte too many: got %v", c.name, err)
			}
		}
	}
}

func TestFixedBytes_RefusesWidths(t *testing.T) {
	for _, w := range []int{-1, 0, MaxWidth + 1} {
		if _, err := FixedBytes(nil, []byte{fixedBlob, blobRaw}, 0, w); !errors.Is(err, ErrCorrupt) {
			t.Errorf("width %d: got %v", w, err)
		}
	}
}
