package sql

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

// tokenKind is the kind of a token.
type tokenKind uint8

const (
	tokEOF      tokenKind = iota
	tokIdent              // service, http.route; text is as written
	tokQuoted             // "http.route"; text is unescaped
	tokString             // 'it''s'; text is unescaped
	tokInt                // 42; text is the digits
	tokFloat              // 1.5, 1e9
	tokDuration           // 1000ms, 1h30m; num holds the nanoseconds
	tokParam              // $1, :name; text is what follows the sign
	tokSymbol             // an operator or punctuation; text is the symbol
)

// token is one word of a query.
type token struct {
	kind tokenKind
	pos  int // byte offset of its first byte
	end  int // byte offset behind its last byte
	text string
	num  int64 // of a tokDuration
}

// describe names the token for an error message.
func (t token) describe(src string) string {
	if t.kind == tokEOF {
		return "end of query"
	}
	s := src[t.pos:t.end]
	if len(s) > 40 {
		cut := 40
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut] + "…"
	}
	return strconv.Quote(s)
}

// is reports whether the token is the given keyword or symbol.
func (t token) is(s string) bool {
	switch t.kind {
	case tokSymbol:
		return t.text == s
	case tokIdent:
		return strings.EqualFold(t.text, s)
	}
	return false
}

// lexer splits a query into tokens. Comments (-- to the end of the line and
// /* … */) and white space stand between tokens and mean nothing.
type lexer struct {
	src string
	pos int
}

// symbols are the operators of more than one character, longest first.
var symbols = []string{"<=", ">=", "<>", "!=", "!~", "||", "::", "=="}

// next returns the token behind the last one.
func (l *lexer) next() (token, error) {
	if err := l.skipSpace(); err != nil {
		return token{}, err
	}
	start := l.pos
	if start >= len(l.src) {
		return token{kind: tokEOF, pos: start, end: start}, nil
	}
	c := l.src[start]
	switch {
	case c == '\'':
		return l.quoted('\'', tokString)
	case c == '"':
		return l.quoted('"', tokQuoted)
	case types.IsDigit(c), c == '.' && start+1 < len(l.src) && types.IsDigit(l.src[start+1]):
		return l.number()
	case c == '$' || c == ':':
		if n := l.wordLen(start + 1); n > 0 {
			l.pos = start + 1 + n
			return l.token(tokParam, start, l.src[start+1:l.pos]), nil
		}
	}
	if n := l.identStart(start); n > 0 {
		l.ident()
		return l.token(tokIdent, start, l.src[start:l.pos]), nil
	}
	for _, s := range symbols {
		if strings.HasPrefix(l.src[start:], s) {
			l.pos += len(s)
			return l.token(tokSymbol, start, s), nil
		}
	}
	if strings.IndexByte("()[],;*+-/%=<>~.", c) >= 0 {
		l.pos++
		return l.token(tokSymbol, start, l.src[start:l.pos]), nil
	}
	r, size := utf8.DecodeRuneInString(l.src[start:])
	if r == utf8.RuneError && size <= 1 {
		return token{}, plan.ErrorAt(l.src, start, "byte 0x%02x is not valid UTF-8", c)
	}
	e := plan.ErrorAt(l.src, start, "unexpected character %q", r)
	e.Found = strconv.Quote(string(r))
	return token{}, e
}

func (l *lexer) token(kind tokenKind, start int, text string) token {
	return token{kind: kind, pos: start, end: l.pos, text: text}
}

func (l *lexer) skipSpace() error {
	for l.pos < len(l.src) {
		rest := l.src[l.pos:]
		switch {
		case strings.HasPrefix(rest, "--"):
			if i := strings.IndexByte(rest, '\n'); i >= 0 {
				l.pos += i + 1
			} else {
				l.pos = len(l.src)
			}
		case strings.HasPrefix(rest, "/*"):
			i := strings.Index(rest[2:], "*/")
			if i < 0 {
				return plan.ErrorAt(l.src, l.pos, "comment is not closed with */")
			}
			l.pos += i + 4
		default:
			r, size := utf8.DecodeRuneInString(rest)
			if !unicode.IsSpace(r) && r != '\ufeff' {
				return nil
			}
			l.pos += size
		}
	}
	return nil
}

// quoted reads text between two quotes, in which a doubled quote stands for
// itself.
func (l *lexer) quoted(quote byte, kind tokenKind) (token, error) {
	start := l.pos
	var b strings.Builder
	for i := start + 1; i < len(l.src); {
		j := strings.IndexByte(l.src[i:], quote)
		if j < 0 {
			break
		}
		b.WriteString(l.src[i : i+j])
		i += j + 1
		if i < len(l.src) && l.src[i] == quote {
			b.WriteByte(quote)
			i++
			continue
		}
		l.pos = i
		if kind == tokQuoted && b.Len() == 0 {
			return token{}, plan.ErrorAt(l.src, start, "quoted name is empty")
		}
		return l.token(kind, start, b.String()), nil
	}
	what := "string"
	if kind == tokQuoted {
		what = "quoted name"
	}
	return token{}, plan.ErrorAt(l.src, start, "%s is not closed with %c", what, quote)
}

// identStart returns the size of the letter at i that may begin a name, or 0.
func (l *lexer) identStart(i int) int {
	r, size := utf8.DecodeRuneInString(l.src[i:])
	if r == '_' || unicode.IsLetter(r) && r != utf8.RuneError {
		return size
	}
	return 0
}

// wordLen returns the length of the letters, digits and _ at i.
func (l *lexer) wordLen(i int) int {
	start := i
	for i < len(l.src) {
		r, size := utf8.DecodeRuneInString(l.src[i:])
		if r == utf8.RuneError || r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			break
		}
		i += size
	}
	return i - start
}

// ident moves behind a name of words joined by dots.
func (l *lexer) ident() {
	l.pos += l.wordLen(l.pos)
	for l.pos+1 < len(l.src) && l.src[l.pos] == '.' {
		n := l.wordLen(l.pos + 1)
		if n == 0 {
			return
		}
		l.pos += 1 + n
	}
}

// number reads an integer, a float, or a duration such as 1.5s or 1h30m.
func (l *lexer) number() (token, error) {
	start := l.pos
	isFloat := l.digits()
	if n := l.exponent(); n > 0 {
		l.pos += n
		isFloat = true
	}
	if l.wordLen(l.pos) > 0 {
		return l.duration(start)
	}
	kind := tokInt
	if isFloat {
		kind = tokFloat
	}
	return l.token(kind, start, l.src[start:l.pos]), nil
}

// digits moves behind digits with at most one dot, and reports the dot.
func (l *lexer) digits() (dot bool) {
	for l.pos < len(l.src) {
		c := l.src[l.pos]
		if c == '.' && !dot {
			dot = true
		} else if !types.IsDigit(c) {
			break
		}
		l.pos++
	}
	return dot
}

// exponent returns the length of an exponent at the position, or 0.
func (l *lexer) exponent() int {
	rest := l.src[l.pos:]
	if len(rest) < 2 || rest[0] != 'e' && rest[0] != 'E' {
		return 0
	}
	i := 1
	if rest[i] == '+' || rest[i] == '-' {
		i++
	}
	n := i
	for n < len(rest) && types.IsDigit(rest[n]) {
		n++
	}
	if n == i {
		return 0
	}
	return n
}

func (l *lexer) duration(start int) (token, error) {
	for l.pos < len(l.src) {
		if l.wordLen(l.pos) == 0 && (l.src[l.pos] != '.' || l.pos+1 >= len(l.src) || !types.IsDigit(l.src[l.pos+1])) {
			break
		}
		if n := l.wordLen(l.pos); n > 0 {
			l.pos += n
		} else {
			l.pos++
		}
	}
	ns, err := types.ParseDuration(l.src[start:l.pos])
	if err != nil {
		e := plan.ErrorAt(l.src, start, "%s", err.Error())
		e.Found = strconv.Quote(l.src[start:l.pos])
		return token{}, e
	}
	t := l.token(tokDuration, start, l.src[start:l.pos])
	t.num = ns
	return t, nil
}
