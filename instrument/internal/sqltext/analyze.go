package sqltext

import (
	"strings"

	"github.com/ttlog/ttlog/instrument/internal/attrtext"
)

// Limits on what is read and kept of one query.
const (
	maxScanBytes    = 8 << 10 // what lies behind is neither analyzed nor shown
	maxTextBytes    = 8 << 10 // of the sanitized and of the raw text
	maxSummaryBytes = 255     // the convention's own limit
	maxNameBytes    = 128     // of one table name
	maxDepth        = 64      // of parentheses in which tables are looked for
)

// Statement is what telemetry says about a query.
type Statement struct {
	Operation  string // upper case; "" when not known or when there are several statements
	Collection string // the only table; "" when there are none or several
	Summary    string // "SELECT users orders"; "" when nothing is known
	Text       string // literals replaced by ?, comments removed
	Raw        string // the query as it is, cut to a limit
}

// Analyze reads a query.
func Analyze(query string, d Dialect) Statement {
	src, cut := query, false
	if len(src) > maxScanBytes {
		src, cut = strings.Clone(src[:maxScanBytes]), true // not to keep the rest of it
	}
	sc := scanner{src: src, dialect: d}
	var text sanitizer
	var sum summarizer
	for t := sc.next(); t.kind != end; t = sc.next() {
		shown := t
		if d == Other && t.kind == quotedName && t.text[0] == '"' && sum.expect != nextName && !sum.dotted {
			// A string in some dialects, but not where a table stands.
			shown.kind = literal
		}
		text.add(shown)
		sum.add(t)
	}
	st := sum.finish()
	st.Text = text.finish(cut)
	st.Raw = attrtext.Clean(src, maxTextBytes)
	if cut && !strings.HasSuffix(st.Raw, "...") {
		st.Raw += "..."
	}
	if st.Text == st.Raw {
		st.Text = st.Raw // one string, not two
	}
	return st
}

// sanitizer writes the tokens back with every literal as "?", and a list of
// values behind IN as "(?)".
type sanitizer struct {
	out  []byte
	last token
	// list is the position behind "IN (", 0 outside of a list of values.
	list int
}

func (z *sanitizer) add(t token) {
	// The limit is checked before, so a list is still folded near it.
	if len(z.out) > 2*maxTextBytes && z.list == 0 {
		return
	}
	if t.space && len(z.out) > 0 {
		z.out = append(z.out, ' ')
	}
	switch {
	case z.list > 0:
		z.inList(t)
		z.last = t
		return
	case t.kind == literal:
		z.out = append(z.out, '?')
	default:
		z.out = append(z.out, t.text...)
	}
	if t.text == "(" && z.last.kind == word && strings.EqualFold(z.last.text, "IN") {
		z.list = len(z.out)
	}
	z.last = t
}

// inList folds the values once the list is closed. Anything that is not a value
// (a subquery, an expression) ends the folding.
func (z *sanitizer) inList(t token) {
	switch {
	case t.text == ")" && z.last.text != "(":
		z.out = append(z.out[:z.list], "?)"...)
		z.list = 0
	case t.kind == literal || t.kind == placeholder:
		if len(z.out) < z.list+maxTextBytes {
			z.out = append(z.out, '?')
			if t.kind == placeholder {
				z.out = append(z.out[:len(z.out)-1], t.text...)
			}
		}
	case t.text == "," || t.text == "-" || t.text == "+":
		if len(z.out) < z.list+maxTextBytes {
			z.out = append(z.out, t.text...)
		}
	default:
		z.out = append(z.out, t.text...)
		z.list = 0
	}
}

func (z *sanitizer) finish(cut bool) string {
	s := string(z.out)
	if cut && len(s) <= maxTextBytes {
		s += "..."
	}
	return attrtext.Clean(s, maxTextBytes)
}
