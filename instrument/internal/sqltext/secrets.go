package sqltext

import "strings"

// secrets finds the passwords that are not literals: Oracle's IDENTIFIED BY and
// SAP HANA's PASSWORD take a name, with quotes or without.
type secrets struct {
	statement  bool // its first word has been read
	account    bool // it is about a user: CREATE, ALTER or SET first
	identified bool // IDENTIFIED has been read
	expect     bool // what comes next is a password
}

// next tells whether t is a password.
func (s *secrets) next(t token) bool {
	switch t.kind {
	case symbol:
		if t.text == ";" {
			*s = secrets{}
		}
		s.expect = s.expect && t.text == "="
		return false
	case quotedName:
		secret := s.expect
		s.expect = false
		return secret
	case word:
		return s.word(t.text)
	}
	s.expect = false
	return false
}

func (s *secrets) word(text string) bool {
	if !s.statement {
		s.statement = true
		s.account = is(text, "CREATE") || is(text, "ALTER") || is(text, "SET")
	}
	switch {
	case is(text, "IDENTIFIED"):
		s.identified, s.expect = true, false
	case s.identified && (is(text, "BY") || is(text, "USING") || is(text, "AS") || is(text, "REPLACE")),
		s.account && is(text, "PASSWORD"):
		s.expect = true
	case s.expect && (is(text, "PASSWORD") || is(text, "VALUES")):
	case s.expect:
		s.expect = false
		return true
	}
	return false
}

// is compares without regard to case; most words have another length.
func is(text, upper string) bool { return len(text) == len(upper) && strings.EqualFold(text, upper) }
