// Package otlpjson turns OTLP JSON into OTLP protobuf, the one form that
// everything behind it knows.
package otlpjson

import (
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

// Request turns one Export…ServiceRequest in OTLP's JSON encoding into its
// protobuf bytes. Errors wrap otlpwire.ErrMalformed.
func Request(s otlpwire.Signal, body []byte) ([]byte, error) {
	if err := checkDepth(body); err != nil {
		return nil, err
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
		return nil, fmt.Errorf("%w: JSON: %w", otlpwire.ErrMalformed, err)
	}
	return message.MarshalProto()
}

// checkDepth refuses a body whose nesting would take a recursive parser more
// stack than a goroutine may have, which ends the process.
func checkDepth(body []byte) error {
	depth, inString := 0, false
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
				return fmt.Errorf("%w: JSON nested more than %d levels deep at byte %d", otlpwire.ErrMalformed, MaxDepth, i)
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return nil
}
