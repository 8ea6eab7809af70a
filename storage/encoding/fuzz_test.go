package encoding

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// Each fuzz target does two things with its input: it decodes it as a column,
// which may fail but not panic, and builds a column of values from it, which
// must come back. Seeds are columns of every codec, so that the fuzzer starts
// from bytes that decode.

const fuzzRows = 400

// addSeeds adds columns with their row counts before them.
func addSeeds[V any](f *testing.F, columns [][]V, encode func(e Encoder, v []V) []byte) {
	for _, v := range columns {
		v = v[:min(len(v), 300)]
		for _, level := range levels {
			f.Add(append(binary.LittleEndian.AppendUint16(nil, uint16(len(v))), encode(Encoder{Level: level}, v)...))
		}
	}
}

// splitInput returns the row count and column that data stands for.
func splitInput(data []byte) (n int, col []byte) {
	if len(data) < 2 {
		return 0, data
	}
	return int(binary.LittleEndian.Uint16(data)) % (fuzzRows + 1), data[2:]
}

// levelOf picks a level by the input, rarely the slow one.
func levelOf(data []byte) Level {
	if len(data)%8 == 7 {
		return Best
	}
	return Fast
}

// valuesFrom makes integers of very different shapes from data: each op byte
// picks how the following values come about.
func valuesFrom(data []byte) (v []int64) {
	last, step := int64(0), int64(0)
	for len(data) >= 2 && len(v) < fuzzRows {
		op, arg := data[0], int64(int8(data[1]))
		data = data[2:]
		switch op % 6 {
		case 0:
			step = arg
		case 1:
			step <<= uint(arg) & 31
		case 2:
			last += step + arg
		case 3:
			v = append(v, slices.Repeat([]int64{last}, int(uint8(arg)))...)
		case 4:
			for range uint8(arg) {
				last += step
				v = append(v, last)
			}
		case 5:
			if len(data) >= 8 {
				last, data = int64(binary.LittleEndian.Uint64(data)), data[8:]
			}
		}
		v = append(v, last)
	}
	return v
}

func checkCorrupt(t *testing.T, err error) {
	t.Helper()
	if err != nil && !errors.Is(err, ErrCorrupt) {
		t.Fatalf("error does not wrap ErrCorrupt: %v", err)
	}
}

func FuzzInts(f *testing.F) {
	var columns [][]int64
	for _, c := range intColumns() {
		columns = append(columns, c.v)
	}
	addSeeds(f, columns, func(e Encoder, v []int64) []byte { return e.AppendInts(nil, v) })
	f.Fuzz(func(t *testing.T, data []byte) {
		n, col := splitInput(data)
		v, err := Ints(nil, col, n)
		checkCorrupt(t, err)
		if err == nil && len(v) != n {
			t.Fatalf("%d values, want %d", len(v), n)
		}
		values, ends, ok, runsErr := IntRuns(col, n)
		checkCorrupt(t, runsErr)
		if ok && err == nil && n > 0 && (len(values) != len(ends) || int(ends[len(ends)-1]) != n) {
			t.Fatalf("%d runs to %v", len(values), ends)
		}
		for _, v := range [][]int64{v, valuesFrom(data)} {
			level := levelOf(data)
			col := Encoder{Level: level}.AppendInts(nil, v)
			if got, err := Ints(nil, col, len(v)); err != nil || !slices.Equal(got, v) {
				t.Fatalf("level %d: got %v, %v; want %v", level, got, err, v)
			}
		}
	})
}

func FuzzUints(f *testing.F) {
	var columns [][]uint32
	for _, c := range intColumns() {
		columns = append(columns, narrow(c.v))
	}
	addSeeds(f, columns, func(e Encoder, v []uint32) []byte { return e.AppendUints(nil, v) })
	f.Fuzz(func(t *testing.T, data []byte) {
		n, col := splitInput(data)
		v, err := Uints(nil, col, n)
		checkCorrupt(t, err)
		_, _, _, err = UintRuns(col, n)
		checkCorrupt(t, err)
		for _, v := range [][]uint32{v, narrow(valuesFrom(data))} {
			level := levelOf(data)
			col := Encoder{Level: level}.AppendUints(nil, v)
			if got, err := Uints(nil, col, len(v)); err != nil || !slices.Equal(got, v) {
				t.Fatalf("level %d: got %v, %v; want %v", level, got, err, v)
			}
		}
	})
}

func narrow(v []int64) []uint32 {
	out := make([]uint32, len(v))
	for i, x := range v {
		out[i] = uint32(x)
	}
	return out
}

func FuzzFloats(f *testing.F) {
	var columns [][]float64
	for _, c := range floatColumns() {
		columns = append(columns, c.v)
	}
	addSeeds(f, columns, func(e Encoder, v []float64) []byte { return e.AppendFloats(nil, v) })
	f.Fuzz(func(t *testing.T, data []byte) {
		n, col := splitInput(data)
		v, err := Floats(nil, col, n)
		checkCorrupt(t, err)
		ints := valuesFrom(data)
		scaled, bits := make([]float64, len(ints)), make([]float64, len(ints))
		for i, x := range ints {
			scaled[i] = float64(x) / powers[len(data)%len(powers)]
			bits[i] = math.Float64frombits(uint64(x))
		}
		for _, v := range [][]float64{v, scaled, bits} {
			level := levelOf(data)
			col := Encoder{Level: level}.AppendFloats(nil, v)
			if got, err := Floats(nil, col, len(v)); err != nil || !sameFloats(got, v) {
				t.Fatalf("level %d: got %v, %v; want %v", level, got, err, v)
			}
		}
	})
}

func FuzzBytes(f *testing.F) {
	for _, w := range []int{1, 7, 8, 16, 20} {
		v := bytes.Repeat([]byte("\x00\x00\x00abcdefghijklmnopq"), 16*w)
		v = v[:len(v)/w*w]
		f.Add(append(binary.LittleEndian.AppendUint16(nil, uint16(len(v)/w)), Encoder{}.AppendBytes(nil, v, w)...), byte(w-1))
		f.Add(append(binary.LittleEndian.AppendUint16(nil, 99), Encoder{}.AppendBytes(nil, make([]byte, 99*w), w)...), byte(w-1))
	}
	f.Fuzz(func(t *testing.T, data []byte, width byte) {
		w := int(width) + 1
		n, col := splitInput(data)
		v, err := FixedBytes(nil, col, n, w)
		checkCorrupt(t, err)
		for _, v := range [][]byte{v, data[:len(data)/w*w]} {
			level := levelOf(data)
			col := Encoder{Level: level}.AppendBytes(nil, v, w)
			if got, err := FixedBytes(nil, col, len(v)/w, w); err != nil || !bytes.Equal(got, v) {
				t.Fatalf("level %d: got %x, %v; want %x", level, got, err, v)
			}
		}
	})
}

func FuzzStrings(f *testing.F) {
	var columns [][]string
	for name, c := range stringColumns() {
		if name != "huge" {
			columns = append(columns, c.v)
		}
	}
	addSeeds(f, columns, func(e Encoder, v []string) []byte { return e.AppendStrings(nil, v) })
	f.Fuzz(func(t *testing.T, data []byte) {
		n, col := splitInput(data)
		v, err := Strings(col, n, 1<<16)
		checkCorrupt(t, err)
		if total := totalLen(v); total > 1<<20 {
			v = nil // a value of a dictionary many times
		}
		lines := strings.Split(string(data), "\n")
		var texts []string
		for i, x := range valuesFrom(data) {
			texts = append(texts, fmt.Sprintf([]string{"%d", "%x", "%016X", "a=%d;", "10.0.%d.1", "%c"}[len(data)%6], x), lines[i%len(lines)])
		}
		for _, v := range [][]string{v, lines, texts[:min(len(texts), 1100)]} {
			level := levelOf(data)
			col := Encoder{Level: level}.AppendStrings(nil, v)
			if got, err := Strings(col, len(v), totalLen(v)); err != nil || !slices.Equal(got, v) {
				t.Fatalf("level %d: got %q, %v; want %q", level, got, err, v)
			}
		}
	})
}
