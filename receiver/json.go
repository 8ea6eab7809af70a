package receiver

import (
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

// fromJSON turns a request in OTLP's JSON encoding into protobuf.
func fromJSON(s otlpwire.Signal, body []byte) ([]byte, error) {
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
		return nil, fmt.Errorf("no request of signal %d", s)
	}
	if err := message.UnmarshalJSON(body); err != nil {
		return nil, fmt.Errorf("JSON: %w", err)
	}
	return message.MarshalProto()
}

var errDeepJSON = errors.New("JSON nested too deeply")

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
			if depth++; depth > maxJSONDepth {
				return fmt.Errorf("%w: more than %d levels at byte %d", errDeepJSON, maxJSONDepth, i)
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return nil
}
