package otlpwire

// Signal is one of OpenTelemetry's kinds of telemetry. The values reach disk;
// never renumber.
type Signal uint8

// The signals.
const (
	Traces  Signal = 1
	Logs    Signal = 2
	Metrics Signal = 3
)

// String returns the OpenTelemetry name: "traces", "logs" or "metrics".
func (s Signal) String() string {
	switch s {
	case Traces:
		return "traces"
	case Logs:
		return "logs"
	case Metrics:
		return "metrics"
	}
	return "unknown"
}
