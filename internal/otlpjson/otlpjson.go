// Package otlpjson turns OTLP JSON into OTLP protobuf, the one form that
// everything behind it knows.
package otlpjson

import (
	"bytes"
	"fmt"

	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

// MaxDepth is how deep arrays and objects may stand in each other. It is far
// above what attribute values may nest to be taken (otlpwire.MaxDepth, two to
// four levels of JSON each).
const MaxDepth = 512

// MaxMemory bounds what Request may need for one body, see [Memory]. It is
// several times what a body of 64 MiB needs that is no attack.
const MaxMemory = 1 << 30

// elementBytes is what the parser allocates for one element of an array, at
// most and about: the objects of a span or a data point with the growth of the
// slice that holds them (measured: 240 to 270 bytes for the 3 bytes of "{},").
const elementBytes = 288

// Request turns one Export…ServiceRequest in OTLP's JSON encoding into its
// protobuf bytes. Errors wrap otlpwire.ErrMalformed.
func Request(s otlpwire.Signal, body []byte) ([]byte, error) {
	memory, err := Memory(body)
	if err != nil {
		return nil, err
	}
	if memory > MaxMemory {
		return nil, fmt.Errorf("%w: JSON that takes about %d bytes of memory to read, at most %d are used", otlpwire.ErrMalformed, memory, MaxMemory)
	}
	var message interface {
		UnmarshalJSON(data []byte) error
		MarshalProto() ([]byte, error)
	}
	switch s {
	case otlpwire.Traces:
		message = ptraceotlp.NewExportRequest()
	case otlpwire.Logs:
		message = plogotlp.NewExportRequest()
	case otlpwire.Metrics:
		message = pmetricotlp.NewExportRequest()
	default:
		return nil, fmt.Errorf("otlpjson: no request of signal %d", s)
	}
	if err := message.UnmarshalJSON(body); err != nil {
		return nil, fmt.Errorf("%w: JSON: %v", otlpwire.ErrMalformed, err) //nolint:errorlint // the parser's io.EOF is not the caller's
	}
	return message.MarshalProto()
}

// Memory tells about how many bytes Request allocates for body, without parsing
// it: a few bytes of JSON can stand for hundreds of bytes of objects. It refuses
// what must not reach the parser: nesting that would take a recursive parser
// more stack than a goroutine may have, which ends the process, and bytes
// behind the document, which the parser would leave out without a word.
func Memory(body []byte) (int, error) {
	var inArray [MaxDepth + 1]bool // what stands open, by depth
	depth, elements, inString := 0, 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case inString:
			switch c {
			case '\\':
				i++
			case '"':
				inString = false
			}
		case c == '"':
			inString = true
		case c == '{' || c == '[':
			if depth++; depth > MaxDepth {
				return 0, fmt.Errorf("%w: JSON nested more than %d levels deep at byte %d", otlpwire.ErrMalformed, MaxDepth, i)
			}
			if inArray[depth] = c == '['; inArray[depth] {
				elements++
			}
		case c == ',' && inArray[depth]:
			elements++
		case c == '}' || c == ']':
			if depth--; depth <= 0 {
				if err := checkEnd(body, i+1); err != nil {
					return 0, err
				}
			}
		}
	}
	return 2*len(body) + elementBytes*elements, nil
}

// checkEnd refuses anything but space in body[end:].
func checkEnd(body []byte, end int) error {
	rest := bytes.TrimLeft(body[end:], " \t\r\n")
	if len(rest) == 0 {
		return nil
	}
	return fmt.Errorf("%w: JSON: more bytes behind the end of the document, at byte %d", otlpwire.ErrMalformed, len(body)-len(rest))
}
