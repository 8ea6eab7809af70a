package types

import (
	"strings"

	"github.com/ttlog/ttlog/internal/spelling"
)

// Quote writes a string as a literal.
func Quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// Clip shortens text that goes into a message.
func Clip(s string) string {
	if len(s) <= 60 {
		return s
	}
	return strings.ToValidUTF8(s[:60], "") + "…"
}

// Nearest returns the candidate that name was most likely meant to be, or "".
func Nearest(name string, candidates []string) string { return spelling.Nearest(name, candidates) }
