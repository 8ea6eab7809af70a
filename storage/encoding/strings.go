package encoding

import "unsafe"

// The codecs of string columns; part of the format, never renumber.
const (
	stringPlain    = 0 // lengths and bytes
	stringConstant = 1 // one value for all rows
	stringDecimal  = 2 // decimal integers
	stringIPv4     = 3 // dotted addresses
	stringMasked   = 4 // one length, and few characters at each position
	stringFront    = 5 // shared prefixes
	stringTemplate = 6 // templates and what varies in them
	stringDict     = 7 // distinct values and their numbers
	stringHex      = 8 // hexadecimal numbers
)

// AppendStrings appends v to dst as one encoded column and returns the extended
// slice. It does not keep v. Values may hold any bytes. A caller that expects
// many equal values gives the distinct ones, sorted, and stores their numbers
// with AppendUints.
func (e Encoder) AppendStrings(dst []byte, v []string) []byte {
	return e.appendStrings(dst, v, 0)
}

// Strings decodes a column of n values that AppendStrings made. The memory that
// the values share is at most maxBytes, or the column is taken as corrupt: the
// sum of their lengths is always enough. Decoding may need a few times as much
// for a moment. Keeping one value keeps all. Values do not alias src. Its errors
// wrap ErrCorrupt.
func Strings(src []byte, n, maxBytes int) ([]string, error) {
	r := reader{src: src}
	if r.checkRows(n); r.err != nil {
		return nil, r.err
	}
	out := make([]string, n)
	readStrings(&r, out, &budget{left: maxBytes}, 0)
	if r.end(); r.err != nil {
		return nil, r.err
	}
	return out, nil
}

// StringsAt is Strings for the values at some places, which rise. It makes
// strings of those only, which is most of the work for templates.
func StringsAt(src []byte, n, maxBytes int, at []uint32) ([]string, error) {
	if len(src) == 0 || src[0] != stringTemplate || len(at) > 0 && int(at[len(at)-1]) >= n {
		all, err := Strings(src, n, maxBytes)
		out := make([]string, 0, len(at))
		for _, i := range at {
			if int(i) < len(all) {
				out = append(out, all[i])
			}
		}
		return out, err
	}
	r := reader{src: src}
	if r.checkRows(n); r.err != nil {
		return nil, r.err
	}
	r.byte()
	r.codec = "template"
	out := make([]string, len(at))
	readTemplateAt(&r, out, n, at, &budget{left: maxBytes}, 0)
	if r.end(); r.err != nil {
		return nil, r.err
	}
	return out, nil
}

// budget is the number of bytes that values may still take.
type budget struct{ left int }

// spend takes n bytes; it fails r when there are not as many left.
func (b *budget) spend(r *reader, n int) {
	if n > b.left {
		r.fail("values take %d bytes, %d allowed", n, b.left)
		return
	}
	b.left -= n
}

// maxStringDepth bounds nesting: a template's part may be a dictionary, and its
// values any codec that does not nest.
const maxStringDepth = 3

func readStrings(r *reader, dst []string, b *budget, depth int) {
	id := r.byte()
	if depth > maxStringDepth {
		r.fail("codecs nest more than %d deep", maxStringDepth)
	}
	if r.err != nil {
		return
	}
	switch id {
	case stringPlain:
		r.codec = "plain"
		readPlain(r, dst, b)
	case stringConstant:
		r.codec = "constant"
		readConstant(r, dst, b)
	case stringDecimal:
		r.codec = "decimal"
		readDecimal(r, dst, b)
	case stringHex:
		r.codec = "hex"
		readHex(r, dst, b)
	case stringIPv4:
		r.codec = "IPv4"
		readIPv4(r, dst, b)
	case stringMasked:
		r.codec = "masked"
		readMasked(r, dst, b)
	case stringFront:
		r.codec = "front"
		readFront(r, dst, b)
	case stringTemplate:
		r.codec = "template"
		readTemplate(r, dst, b, depth)
	case stringDict:
		r.codec = "string dictionary"
		readStringDict(r, dst, b, depth)
	default:
		r.fail("string codec %d", id)
	}
}

// text collects the bytes of values one after the other, and hands them out as
// strings of one piece of memory.
type text struct {
	buf  []byte
	ends []int
}

func newText(rows int) text { return text{ends: make([]int, 0, rows)} }

// end closes the current value.
func (t *text) end() { t.ends = append(t.ends, len(t.buf)) }

// into sets dst to the values. The text must not be used any more.
func (t *text) into(dst []string) {
	s, start := view(t.buf), 0
	for i, end := range t.ends {
		dst[i], start = s[start:end], end
	}
}

// view returns b as a string without a copy. b must not change any more.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
