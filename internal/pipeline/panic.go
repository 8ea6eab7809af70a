package pipeline

import (
	"fmt"
	"log/slog"
	"runtime/debug"
)

// panicked is the panic of a sink as an error. A sink is code of others, and a
// process that is instrumented must not end for the sake of its telemetry.
type panicked struct{ value any }

func (p panicked) Error() string { return fmt.Sprintf("panic: %v", p.value) }

// Permanent is about forwarders: what made one panic would do so again, and
// everything behind it would wait for ever.
func (p panicked) Permanent() bool { return true }

// Reason is what Forwarder.Forward's errors may say of themselves.
func (p panicked) Reason() string { return "panic" }

// guard calls f, a method of a sink, and returns its panic as an error. The
// stack of the first one is logged.
func (c *counters) guard(log *slog.Logger, f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			c.oncePanic.Do(func() {
				log.Error("pipeline: a sink panicked; further panics are handled as errors", "panic", p, "stack", string(debug.Stack()))
			})
			err = panicked{p}
		}
	}()
	return f()
}
