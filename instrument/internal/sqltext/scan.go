package sqltext

import "strings"

// Dialect says how quotes, backslashes and comments are read.
type Dialect uint8

// The dialects. Other hides what any of them would take for a literal; it reads
// "..." as a name only where a literal is unlikely, and behind a string that the
// dialects end at different places it hides everything.
const (
	Other Dialect = iota
	PostgreSQL
	MySQL
	SQLite
	SQLServer
)

type kind uint8

const (
	end         kind = iota
	word             // a keyword or a name
	quotedName       // a name in quotes
	literal          // a string or a number
	placeholder      // ?, $1, :name, @name
	symbol           // everything else, one byte each
)

type token struct {
	kind  kind
	text  string
	space bool // white space or a comment stood before it
}

// scanner cuts a text into tokens. Every token but end takes at least one byte,
// so it always comes to an end.
type scanner struct {
	src     string
	pos     int
	dialect Dialect
	last    token // before the one that next returns
}

func (s *scanner) next() token {
	space := s.skipSpace()
	start := s.pos
	if start >= len(s.src) {
		return token{kind: end, space: space}
	}
	k := s.scan()
	t := token{kind: k, text: s.src[start:s.pos], space: space}
	s.last = t
	return t
}

// skipSpace passes white space and comments.
func (s *scanner) skipSpace() bool {
	start := s.pos
	for s.pos < len(s.src) {
		rest := s.src[s.pos:]
		switch c := rest[0]; {
		case c == ' ' || (c >= '\t' && c <= '\r'):
			s.pos++
		case s.beginsLineComment(rest):
			if i := strings.IndexByte(rest, '\n'); i >= 0 {
				s.pos += i + 1
			} else {
				s.pos = len(s.src)
			}
		case strings.HasPrefix(rest, "/*"):
			s.skipComment()
		default:
			return s.pos > start
		}
	}
	return s.pos > start
}

// beginsLineComment knows that in MySQL "--" is two signs unless white space
// follows: "5--'a'" holds a string.
func (s *scanner) beginsLineComment(rest string) bool {
	if s.dialect != MySQL {
		return strings.HasPrefix(rest, "--")
	}
	return rest[0] == '#' || strings.HasPrefix(rest, "--") && (len(rest) == 2 || rest[2] <= ' ')
}

// skipComment passes a block comment. PostgreSQL and SQL Server nest them; the
// others end at the first close, and to read on there shows only what their
// server would run too.
func (s *scanner) skipComment() {
	nests := s.dialect == PostgreSQL || s.dialect == SQLServer
	depth := 0
	for s.pos < len(s.src) {
		rest := s.src[s.pos:]
		switch {
		case strings.HasPrefix(rest, "/*") && (depth == 0 || nests):
			depth++
			s.pos += 2
		case strings.HasPrefix(rest, "*/"):
			depth--
			s.pos += 2
			if depth == 0 {
				return
			}
		default:
			s.pos++
		}
	}
}

// scan passes one token that begins at pos.
func (s *scanner) scan() kind {
	rest := s.src[s.pos:]
	c := rest[0]
	switch {
	case c == '\'':
		s.quoted('\'', s.backslashEscapes())
		return literal
	case c == '"':
		return s.doubleQuoted()
	case c == '`':
		s.quoted('`', false)
		return quotedName
	case c == '[' && (s.dialect == SQLServer || s.dialect == SQLite):
		s.quoted(']', false)
		return quotedName
	case isDigit(c), c == '.' && len(rest) > 1 && isDigit(rest[1]) && !s.afterName():
		s.number()
		return literal
	case c == '$':
		return s.dollar()
	case c == '?':
		s.pos++
		return placeholder
	case (c == ':' || c == '@') && len(rest) > 1 && isNameByte(rest[1]) && !isColon(s.last):
		s.pos++
		s.name()
		return placeholder
	case isNameByte(c):
		return s.wordOrPrefixed()
	}
	s.pos++
	return symbol
}

// afterName reports whether the byte before pos ends a name, so that a dot
// belongs to it and not to a number.
func (s *scanner) afterName() bool {
	if s.pos == 0 {
		return false
	}
	c := s.src[s.pos-1]
	return isNameByte(c) || isDigit(c) || c == '"' || c == '`' || c == ']'
}

// isColon tells a cast (a::text) and an assignment from a placeholder.
func isColon(t token) bool { return t.text == ":" }

// backslashEscapes reports whether a backslash in '...' takes the next byte
// with it.
func (s *scanner) backslashEscapes() bool { return s.dialect == MySQL || s.dialect == Other }

// quoted passes a quoted text; the closing byte doubled stands for itself. A
// text that is never closed reaches to the end, and so does one in a dialect
// that is not known that has a backslash before a closing byte: whether that
// closes it decides what is a string from there on.
func (s *scanner) quoted(closing byte, backslash bool) {
	s.pos++
	for s.pos < len(s.src) {
		c := s.src[s.pos]
		s.pos++
		switch {
		case c == '\\' && backslash && s.dialect == Other && strings.HasPrefix(s.src[s.pos:], string(closing)):
			s.pos = len(s.src)
			return
		case c == '\\' && backslash:
			s.pos = min(s.pos+1, len(s.src))
		case c == closing:
			if s.pos >= len(s.src) || s.src[s.pos] != closing {
				return
			}
			s.pos++
		}
	}
}

// doubleQuoted passes "...": a name by the standard, a string in MySQL. SQLite
// takes it for a string where no column has that name, so behind an operator it
// is hidden, as it is in a dialect that is not known.
func (s *scanner) doubleQuoted() kind {
	start := s.pos
	s.quoted('"', s.backslashEscapes())
	switch s.dialect {
	case MySQL:
		return literal
	case SQLite, Other:
		if s.afterOperator() || strings.Contains(s.src[start:s.pos], `\`) {
			return literal
		}
	}
	return quotedName
}

func (s *scanner) afterOperator() bool {
	switch s.last.kind {
	case symbol:
		return strings.ContainsAny(s.last.text, "=<>|!~+-*/%(,")
	case word:
		switch strings.ToUpper(s.last.text) {
		case "LIKE", "GLOB", "REGEXP", "MATCH", "IS", "BETWEEN", "AND", "THEN", "ELSE", "WHEN", "IN":
			return true
		}
	}
	return false
}

func (s *scanner) number() {
	for s.pos < len(s.src) {
		c := s.src[s.pos]
		sign := (c == '+' || c == '-') && (s.src[s.pos-1] == 'e' || s.src[s.pos-1] == 'E')
		if !isNameByte(c) && !isDigit(c) && c != '.' && !sign {
			return
		}
		s.pos++
	}
}

// dollar passes $1 (a placeholder), $$...$$ and $tag$...$tag$ (strings), and
// $name (a placeholder in SQLite).
func (s *scanner) dollar() kind {
	start := s.pos
	s.pos++
	if s.pos < len(s.src) && isDigit(s.src[s.pos]) {
		for s.pos < len(s.src) && isDigit(s.src[s.pos]) {
			s.pos++
		}
		return placeholder
	}
	s.name()
	if s.pos < len(s.src) && s.src[s.pos] == '$' && (s.dialect == PostgreSQL || s.dialect == Other) {
		s.pos++
		tag := s.src[start:s.pos]
		if i := strings.Index(s.src[s.pos:], tag); i >= 0 {
			s.pos += i + len(tag)
		} else {
			s.pos = len(s.src)
		}
		return literal
	}
	if s.pos > start+1 {
		return placeholder
	}
	return symbol
}

func (s *scanner) name() {
	for s.pos < len(s.src) && (isNameByte(s.src[s.pos]) || isDigit(s.src[s.pos])) {
		s.pos++
	}
}

// wordOrPrefixed passes a word, or a string that a letter introduces: E'..',
// N'..', X'..', B'..', U&'..', _utf8'..'.
func (s *scanner) wordOrPrefixed() kind {
	start := s.pos
	for s.pos < len(s.src) {
		c := s.src[s.pos]
		if !isNameByte(c) && !isDigit(c) && c != '$' {
			break
		}
		s.pos++
	}
	w, rest := s.src[start:s.pos], s.src[s.pos:]
	if len(w) == 1 && strings.HasPrefix(rest, "&'") && (w == "U" || w == "u") {
		s.pos++
		rest = rest[1:]
	}
	if strings.HasPrefix(rest, "'") && (len(w) == 1 || w[0] == '_') {
		s.quoted('\'', s.backslashEscapes() || w == "E" || w == "e")
		return literal
	}
	return word
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// isNameByte reports whether c may begin a name; bytes of UTF-8 sequences do.
func isNameByte(c byte) bool {
	return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80
}
