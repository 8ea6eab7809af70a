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
	cut := len(s) > limit
	if cut {
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
	}
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	if cut {
		s += "..."
	}
	return s
}
