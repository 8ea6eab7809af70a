package query

import (
	"strings"

	"github.com/ttlog/ttlog/internal/spelling"
)

func quoteString(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// clip shortens text that goes into a message.
func clip(s string) string {
	if len(s) <= 60 {
		return s
	}
	return strings.ToValidUTF8(s[:60], "") + "…"
}

// nearest returns the candidate that name was most likely meant to be, or "".
func nearest(name string, candidates []string) string { return spelling.Nearest(name, candidates) }
