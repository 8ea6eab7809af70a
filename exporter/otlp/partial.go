package otlp

import (
	"strings"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

// Field numbers of Export…ServiceResponse and Export…PartialSuccess, the same
// for the three signals.
const (
	responsePartialSuccess = 1
	partialRejected        = 1
	partialMessage         = 2
)

// maxMessageBytes bounds the text of a collector that is kept and logged.
const maxMessageBytes = 1024

// partialSuccess reads the answer of a collector that took a request. ok is
// false when it took everything without a word; an answer that is not a valid
// message counts as that, since the request was taken.
func partialSuccess(response []byte) (rejected uint64, message string, ok bool) {
	for f := otlpwire.Scan(response); f.Next(); {
		if f.Num != responsePartialSuccess {
			continue
		}
		p := otlpwire.Scan(f.Bytes())
		for p.Next() {
			switch p.Num {
			case partialRejected:
				rejected = p.Varint()
			case partialMessage:
				message = clip(p.Bytes())
			}
		}
		if p.Err() != nil {
			return 0, "", false
		}
	}
	if int64(rejected) < 0 { // int64 on the wire; a negative one makes no sense
		rejected = 0
	}
	return rejected, message, rejected > 0 || message != ""
}

// clip makes a peer's text safe to keep and to log.
func clip(text []byte) string {
	return strings.ToValidUTF8(string(text[:min(len(text), maxMessageBytes)]), "?")
}
