package encoding

import "unsafe"

// The codecs of string columns; part of the format, never renumber.
const (
	stringPlain = 0 // lengths and bytes
)

// AppendStrings appends v to dst as one encoded column and returns the extended
// slice. It does not keep v. Values may hold any bytes. It does not look for
// repeated values first: a caller that expects many gives the distinct values
// and stores their numbers with AppendUints.
func (e Encoder) AppendStrings(dst []byte, v []string) []byte {
	lengths := make([]int64, len(v))
	total := 0
	for i, s := range v {
		lengths[i] = int64(len(s))
		total += len(s)
	}
	blob := make([]byte, 0, total)
	for _, s := range v {
		blob = append(blob, s...)
	}
	dst = appendSection(append(dst, stringPlain), func(dst []byte) []byte {
		return e.appendInts(dst, lengths, 1)
	})
	return e.appendBlob(dst, blob)
}

// Strings decodes a column of n values that AppendStrings made. The strings
// share memory of at most maxBytes; keeping one keeps all. Its errors wrap
// ErrCorrupt; a column whose values need more than maxBytes is taken as corrupt.
func Strings(src []byte, n, maxBytes int) ([]string, error) {
	r := reader{src: src}
	if r.checkRows(n); r.err != nil {
		return nil, r.err
	}
	out := make([]string, n)
	readStrings(&r, out, maxBytes)
	if r.end(); r.err != nil {
		return nil, r.err
	}
	return out, nil
}

func readStrings(r *reader, dst []string, maxBytes int) {
	switch id := r.byte(); id {
	case stringPlain:
		r.codec = "plain string"
		readPlain(r, dst, maxBytes)
	default:
		r.fail("string codec %d", id)
	}
}

// readPlain reads
//
//	+---------------------------+----------------------+
//	| section: lengths, as an   | the bytes of all     |
//	| integer column            | values, as a blob    |
//	+---------------------------+----------------------+
func readPlain(r *reader, dst []string, maxBytes int) {
	lengths, total := readLengths(r, len(dst), maxBytes)
	blob := r.blob(total)
	if r.err != nil {
		return
	}
	// The blob may alias the source, which the caller may overwrite.
	text := string(blob)
	for i, n := range lengths {
		dst[i], text = text[:n], text[n:]
	}
}

// readLengths reads a section of n lengths whose sum must not pass maxBytes.
func readLengths(r *reader, n, maxBytes int) (lengths []uint32, total int) {
	s := r.section()
	if r.err = s.err; r.err != nil {
		return nil, 0
	}
	lengths = make([]uint32, n)
	readInts(&s, lengths, 1)
	if r.take(&s); r.err != nil {
		return nil, 0
	}
	for _, length := range lengths {
		total += int(length)
		if total > maxBytes {
			r.fail("values take more than %d bytes", maxBytes)
			return nil, 0
		}
	}
	return lengths, total
}

// view returns b as a string without a copy. b must not change any more.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
