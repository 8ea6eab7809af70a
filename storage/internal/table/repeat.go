package table

import (
	"bytes"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage/column"
)

// A key that comes twice in one set of attributes, or in one map, is one value:
// the last, as in the SDKs. OTLP forbids it, senders do it, and every reader
// would decide for itself what is meant, a filter otherwise than a trace. So it
// is decided when the record is decoded, and the values before are dropped.

// keySet finds keys that repeat, most of them without a map.
type keySet struct {
	few  [32][]byte
	n    int
	many map[string]bool
}

// add reports whether key was there already.
func (k *keySet) add(key []byte) (repeated bool) {
	if k.many != nil {
		repeated = k.many[string(key)]
		k.many[string(key)] = true
		return repeated
	}
	for _, have := range k.few[:k.n] {
		if bytes.Equal(have, key) {
			return true
		}
	}
	if k.n < len(k.few) {
		k.few[k.n] = key
		k.n++
		return false
	}
	k.many = make(map[string]bool, 4*len(k.few))
	for _, have := range k.few {
		k.many[string(have)] = true
	}
	k.many[string(key)] = true
	return false
}

// keepLast returns which of n attributes are the last of their key, nil where
// all are. key is asked from behind; one that is not known (ok is false) is like
// no other.
func keepLast(n int, key func(i int) (key []byte, ok bool)) (keep []bool) {
	var seen keySet
	for i := n - 1; i >= 0; i-- {
		k, ok := key(i)
		if !ok || !seen.add(k) {
			continue
		}
		if keep == nil {
			keep = make([]bool, n)
			for j := range keep {
				keep[j] = true
			}
		}
		keep[i] = false
	}
	return keep
}

// keyOf returns the key of a KeyValue message that was checked. One that is a
// reference into a table of strings is not known here.
func keyOf(kv []byte) (key []byte, ok bool) {
	ok = true
	for f := otlpwire.Scan(kv); f.Next(); {
		switch f.Num {
		case otlpwire.KeyValueKey:
			key = f.Bytes()
		case otlpwire.KeyValueKeyStrindex:
			ok = false
		}
	}
	return key, ok
}

// appendLast appends msg with only the last of the KeyValue messages of each
// key in field num, in the maps inside of them as well. The message was checked.
func appendLast(dst, msg []byte, num protowire.Number) []byte {
	var pairs [][]byte
	for f := otlpwire.Scan(msg); f.Next(); {
		if f.Num == num {
			pairs = append(pairs, f.Bytes())
		}
	}
	keep := keepLast(len(pairs), func(i int) ([]byte, bool) { return keyOf(pairs[i]) })
	n := 0
	for f := otlpwire.Scan(msg); f.Next(); {
		if f.Num != num {
			dst = append(dst, f.Raw()...)
			continue
		}
		if keep == nil || keep[n] {
			dst = otlpwire.AppendBytes(dst, num, appendLastOfValues(nil, pairs[n], otlpwire.KeyValueValue))
		}
		n++
	}
	return dst
}

// appendLastOfValues appends msg, whose fields num are AnyValue messages, with
// only the last value of each key in the maps of those.
func appendLastOfValues(dst, msg []byte, num protowire.Number) []byte {
	for f := otlpwire.Scan(msg); f.Next(); {
		if f.Num == num {
			dst = otlpwire.AppendBytes(dst, num, appendLastOfAny(nil, f.Bytes()))
		} else {
			dst = append(dst, f.Raw()...)
		}
	}
	return dst
}

// appendLastOfAny is appendLastOfValues for the content of one AnyValue.
func appendLastOfAny(dst, msg []byte) []byte {
	for f := otlpwire.Scan(msg); f.Next(); {
		switch f.Num {
		case otlpwire.AnyValueArray:
			dst = otlpwire.AppendBytes(dst, f.Num, appendLastOfValues(nil, f.Bytes(), otlpwire.ArrayValueValues))
		case otlpwire.AnyValueKvlist:
			dst = otlpwire.AppendBytes(dst, f.Num, appendLast(nil, f.Bytes(), otlpwire.KeyValueListValues))
		default:
			dst = append(dst, f.Raw()...)
		}
	}
	return dst
}

// once returns the value, an array or a map, with one value for each key.
func (v *value) once() {
	if v.repeats {
		switch v.typ {
		case column.TypeArray:
			v.bytes = appendLastOfValues(nil, v.bytes, otlpwire.ArrayValueValues)
		case column.TypeMap:
			v.bytes = appendLast(nil, v.bytes, otlpwire.KeyValueListValues)
		}
	}
}

// mergeField appends msg with its fields num, all messages of one type, as a
// single one, in which each key of the attributes attrs has one value. That is
// how a message field is read that comes several times.
func mergeField(dst, msg []byte, num, attrs protowire.Number) []byte {
	var merged []byte
	for f := otlpwire.Scan(msg); f.Next(); {
		if f.Num == num {
			merged = append(merged, f.Bytes()...)
		} else {
			dst = append(dst, f.Raw()...)
		}
	}
	return otlpwire.AppendBytes(dst, num, appendLast(nil, merged, attrs))
}

// dropRepeated takes the attributes from the row being built whose key comes
// again behind them. It is called for shapes that are new, so that rows that
// look like others before them cost nothing, and for rows with whole messages,
// whose keys no shape tells.
func (s *AttrSet) dropRepeated() {
	var ofRow map[uint32]int
	keep := keepLast(len(s.cur), func(j int) ([]byte, bool) {
		c := s.cur[j]
		if s.Cols[c].Type != TypeRaw {
			return bytesOf(s.Cols[c].Key), true
		}
		// The values of the row stand last, and are asked for from behind.
		if ofRow == nil {
			ofRow = make(map[uint32]int)
		}
		ofRow[c]++
		return keyOf(bytesOf(s.Cols[c].Leaf.Str(s.Cols[c].N - ofRow[c])))
	})
	if keep == nil {
		return
	}
	ofRow = make(map[uint32]int)
	for _, c := range s.cur {
		ofRow[c]++
	}
	from := make(map[uint32]int, len(ofRow))
	for c, n := range ofRow {
		from[c] = s.Cols[c].N - n
		s.Cols[c].N = from[c]
	}
	kept := s.cur[:0]
	for j, c := range s.cur {
		col := s.Cols[c]
		if keep[j] {
			col.Leaf.move(from[c], col.N)
			col.N++
			kept = append(kept, c)
		}
		from[c]++
	}
	s.total -= len(keep) - len(kept)
	s.cur = kept
	for c := range ofRow {
		s.Cols[c].Leaf.truncate(s.Cols[c].N)
	}
}

// dropRepeats does for all rows of a set that is read from a part what
// dropRepeated does when a row is decoded: earlier versions kept all values.
// They stand in columns of their own, so that the shapes tell.
func (s *AttrSet) dropRepeats() error {
	keeps := make([][]bool, len(s.Shapes))
	touched := make(map[uint32]bool)
	for i, shape := range s.Shapes {
		keeps[i] = keepLast(len(shape), func(j int) ([]byte, bool) {
			c := s.Cols[shape[j]]
			return bytesOf(c.Key), c.Type != TypeRaw
		})
		for j, keep := range keeps[i] {
			if !keep {
				touched[shape[j]] = true
			}
		}
	}
	if len(touched) == 0 {
		return nil
	}
	for c := range touched {
		if err := s.Cols[c].Leaf.Ensure(); err != nil {
			return err
		}
		s.Cols[c].N = 0
	}
	from := make([]int, len(s.Cols))
	for _, code := range s.Shape.Codes {
		for j, c := range s.Shapes[code] {
			if col := s.Cols[c]; touched[c] && (keeps[code] == nil || keeps[code][j]) {
				col.Leaf.move(from[c], col.N)
				col.N++
			}
			from[c]++
		}
	}
	for c := range touched {
		s.Cols[c].Leaf.truncate(s.Cols[c].N)
	}
	for i, keep := range keeps {
		if keep == nil {
			continue
		}
		var kept []uint32
		for j, c := range s.Shapes[i] {
			if keep[j] {
				kept = append(kept, c)
			}
		}
		s.Shapes[i] = kept
	}
	return nil
}

// move sets value to of a column, which is not behind it, to value from.
func (l *Leaf) move(from, to int) {
	if from == to {
		return
	}
	if l.Kind == KindString {
		l.setCode(to, l.Code(from))
	} else {
		l.setInt(to, l.Int(from))
	}
}

// truncate gives the values from number n on up.
func (l *Leaf) truncate(n int) {
	l.Ints, l.Codes = l.Ints[:min(n, len(l.Ints))], l.Codes[:min(n, len(l.Codes))]
}
