package receiver

import (
	"encoding/json"
	"strconv"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

// rejectedNames are what OTLP JSON calls the number of refused records.
var rejectedNames = [...]string{otlpwire.Traces: "rejectedSpans", otlpwire.Logs: "rejectedLogRecords", otlpwire.Metrics: "rejectedDataPoints"}

// response returns the Export…ServiceResponse of a request that was taken: an
// empty message, or a partial success. The signals share their numbers.
func response(a *otlpwire.Admission) []byte {
	n := a.Refused.Total()
	if n == 0 {
		return nil
	}
	p := otlpwire.AppendVarint(nil, otlpwire.PartialSuccessRejected, uint64(n))
	p = otlpwire.AppendString(p, otlpwire.PartialSuccessErrorMessage, a.Refused.String())
	return otlpwire.AppendBytes(nil, otlpwire.ResponsePartialSuccess, p)
}

// responseJSON returns the same in OTLP's JSON.
func responseJSON(s otlpwire.Signal, a *otlpwire.Admission) []byte {
	n := a.Refused.Total()
	if n == 0 {
		return []byte("{}")
	}
	body, err := json.Marshal(map[string]any{"partialSuccess": map[string]string{
		rejectedNames[s]: strconv.Itoa(n), "errorMessage": a.Refused.String(),
	}})
	if err != nil {
		return []byte("{}") // strings cannot fail
	}
	return body
}
