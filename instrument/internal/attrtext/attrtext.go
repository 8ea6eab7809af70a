// Package attrtext makes text from outside fit for an attribute.
//
// OTLP carries text as protobuf strings, which must be valid UTF-8: one bad
// byte in a request's path makes an exporter lose the whole batch. So what
// comes from a peer goes through [Clean]. It is safe for concurrent use.
package attrtext

import (
	"strings"
	"unicode/utf8"
)

// Clean returns s with invalid UTF-8 replaced by U+FFFD and cut to at most limit
// bytes, with "..." at the end where something was cut. It returns s itself
// when there is nothing to do.
func Clean(s string, limit int) string {
	whole := len(s)
	s = cutAt(s, limit)
	cut := len(s) < whole
	if !utf8.ValidString(s) {
		// U+FFFD takes three bytes and may stand for one.
		valid := strings.ToValidUTF8(s, "\uFFFD")
		s = cutAt(valid, limit)
		cut = cut || len(s) < len(valid)
	}
	if cut {
		s += "..."
	}
	return s
}

// cutAt returns at most limit bytes of s, without half a rune at the end.
func cutAt(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	s = s[:limit]
	// A cut rune has at most three bytes left over.
	for i := 1; i <= 3 && i <= len(s); i++ {
		if utf8.RuneStart(s[len(s)-i]) {
			if !utf8.FullRuneInString(s[len(s)-i:]) {
				s = s[:len(s)-i]
			}
			break
		}
	}
	return s
}
