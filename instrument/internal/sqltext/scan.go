package sqltext

import "strings"

// Dialect says how quotes, backslashes and comments are read.
type Dialect uint8

// The dialects. Other hides what any of them would take for a literal; it reads
// "..." as a name only where a literal is unlikely, and where the dialects
// disagree on where a string or a comment ends it hides everything behind.
const (
	Other Dialect = iota
	PostgreSQL
	MySQL
	SQLite
	SQLServer
	Oracle
	ClickHouse
	GoogleSQL // Spanner and BigQuery
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
	hidden  bool  // by hideRest
	secrets secrets
}

func (s *scanner) next() token {
	space := s.skipSpace()
	start := s.pos
	if start >= len(s.src) {
		return token{kind: end, space: space}
	}
	k := s.scan()
	t := token{kind: k, text: s.src[start:s.pos], space: space}
	if s.secrets.next(t) {
		t.kind = literal
	}
	s.last = t
	return t
}

// hideRest ends the text here: what is behind can be read in more than one way.
func (s *scanner) hideRest() { s.pos, s.hidden = len(s.src), true }

// skipSpace passes white space and comments.
func (s *scanner) skipSpace() bool {
	start := s.pos
	for s.pos < len(s.src) {
		rest := s.src[s.pos:]
		switch c := rest[0]; {
		case c == ' ' || (c >= '\t' && c <= '\r'):
			s.pos++
		case c == '-' && s.dashes(rest), c == '#' && s.hash(rest):
			s.skipLine(rest)
		case c == '/' && strings.HasPrefix(rest, "/*"):
			s.skipComment()
		default:
			return s.pos > start
		}
	}
	return s.pos > start
}

// dashes reports whether "--" begins a comment. In MySQL it is two signs unless
// white space follows: "5--'a'" holds a string.
func (s *scanner) dashes(rest string) bool {
	return strings.HasPrefix(rest, "--") && (s.dialect != MySQL || len(rest) == 2 || rest[2] <= ' ')
}

// hash reports whether "#" begins a comment.
func (s *scanner) hash(rest string) bool {
	switch s.dialect {
	case MySQL, GoogleSQL, Other:
		return true
	case ClickHouse:
		return len(rest) == 1 || rest[1] == ' ' || rest[1] == '!'
	}
	return false
}

// skipLine passes a comment to the end of its line. What is none in every
// dialect may open a string, which goes on in the next line.
func (s *scanner) skipLine(rest string) {
	line, _, more := strings.Cut(rest, "\n")
	everywhere := strings.HasPrefix(rest, "--") && (len(rest) == 2 || rest[2] <= ' ')
	if s.dialect == Other && !everywhere && strings.ContainsAny(line, "'\"`$/[") {
		s.hideRest()
		return
	}
	s.pos += len(line)
	if more {
		s.pos++
	}
}

// skipComment passes a block comment. PostgreSQL, SQL Server and ClickHouse
// nest them; the others end at the first close.
func (s *scanner) skipComment() {
	nests := s.dialect == PostgreSQL || s.dialect == SQLServer || s.dialect == ClickHouse
	depth := 0
	for s.pos < len(s.src) {
		rest := s.src[s.pos:]
		switch {
		case depth > 0 && s.dialect == Other && strings.HasPrefix(rest, "/*"):
			s.hideRest()
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
		s.str('\'')
		return literal
	case c == '"':
		return s.doubleQuoted()
	case c == '`':
		if s.quoted('`', s.backslashEscapes() && s.dialect != MySQL); s.hidden {
			return literal
		}
		return quotedName
	case c == '[' && (s.dialect == SQLServer || s.dialect == SQLite):
		s.quoted(']', false)
		return quotedName
	case c == '[' && s.dialect == Other:
		// A name of SQL Server, or an index and whatever that is.
		if name, _, _ := strings.Cut(rest[1:], "]"); strings.ContainsAny(name, "'\"`$/-#") {
			s.hideRest()
			return literal
		}
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
// with it. MySQL's mode NO_BACKSLASH_ESCAPES cannot be seen from here.
func (s *scanner) backslashEscapes() bool {
	switch s.dialect {
	case MySQL, ClickHouse, GoogleSQL, Other:
		return true
	}
	return false
}

// str passes a string. GoogleSQL has them in three quotes as well, and reads a
// backslash before a quote as part of even a raw string.
func (s *scanner) str(quote byte) {
	triple := `"""`
	if quote == '\'' {
		triple = "'''"
	}
	if tripled := s.dialect == GoogleSQL || s.dialect == Other; !tripled || !strings.HasPrefix(s.src[s.pos:], triple) {
		s.quoted(quote, s.backslashEscapes())
		return
	}
	if s.dialect == Other {
		start := s.pos
		s.quoted(quote, true)
		if i := strings.Index(s.src[start+3:], triple); i < 0 || start+3+i+3 != s.pos {
			s.hideRest()
		}
		return
	}
	for s.pos += 3; s.pos < len(s.src); s.pos++ {
		if s.src[s.pos] == '\\' {
			s.pos++
		} else if strings.HasPrefix(s.src[s.pos:], triple) {
			s.pos += 3
			return
		}
	}
	s.pos = len(s.src)
}

// quoted passes a quoted text; the closing byte doubled stands for itself, but
// in GoogleSQL it closes and opens the next, which reads the same. A text that
// is never closed reaches to the end, and so does one with a backslash before a
// closing byte where it is not known whether that closes it.
func (s *scanner) quoted(closing byte, backslash bool) {
	unsure := s.dialect == Other || s.dialect == MySQL
	s.pos++
	for s.pos < len(s.src) {
		c := s.src[s.pos]
		s.pos++
		switch {
		case c == '\\' && backslash && unsure && s.pos < len(s.src) && s.src[s.pos] == closing:
			s.hideRest()
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

// doubleQuoted passes "...": a name by the standard, a string in MySQL and
// GoogleSQL. SQLite takes it for a string where no column has that name, and SQL
// Server with QUOTED_IDENTIFIER off, so behind an operator it is hidden. In a
// dialect that is not known it is, wherever no table stands (see Analyze).
func (s *scanner) doubleQuoted() kind {
	s.str('"')
	switch s.dialect {
	case MySQL, GoogleSQL:
		return literal
	case SQLite, SQLServer, Other:
		if s.hidden || s.afterOperator() {
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
	tagged := s.dialect == PostgreSQL || s.dialect == ClickHouse || s.dialect == Other
	if s.pos < len(s.src) && s.src[s.pos] == '$' && tagged {
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

// wordOrPrefixed passes a word, or a string that letters introduce: E'..',
// N'..', X'..', B'..', U&'..', _utf8'..', q'[..]'.
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
	if rest == "" || rest[0] != '\'' && rest[0] != '"' && rest[0] != '&' {
		return word
	}
	if len(w) == 1 && strings.HasPrefix(rest, "&'") && (w == "U" || w == "u") {
		s.pos++
		rest = rest[1:]
	}
	if rest[0] == '"' && s.dialect == GoogleSQL && len(w) <= 2 { // r"..", b"..", rb".."
		s.str('"')
		return literal
	}
	if rest[0] != '\'' || len(w) > 2 && w[0] != '_' {
		return word
	}
	switch strings.ToUpper(w) {
	case "E":
		s.quoted('\'', s.backslashEscapes() || s.dialect == PostgreSQL)
	case "Q", "NQ":
		s.alternative()
	default:
		s.str('\'')
	}
	return literal
}

// alternative passes Oracle's q'[it's]': any byte may stand in the place of the
// brackets. Elsewhere it is a string behind a letter.
func (s *scanner) alternative() {
	if s.dialect != Oracle && s.dialect != Other {
		s.str('\'')
		return
	}
	start := s.pos
	s.quoted('\'', s.backslashEscapes())
	plain := s.pos
	if start+1 >= len(s.src) {
		return
	}
	closing := s.src[start+1]
	if i := strings.IndexByte("[{(<", closing); i >= 0 {
		closing = "]})>"[i]
	}
	s.pos = len(s.src)
	if i := strings.Index(s.src[start+2:], string(closing)+"'"); i >= 0 {
		s.pos = start + 2 + i + 2
	}
	if s.dialect == Other && s.pos != plain {
		s.hideRest()
	}
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// isNameByte reports whether c may begin a name; bytes of UTF-8 sequences do.
func isNameByte(c byte) bool {
	return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80
}
