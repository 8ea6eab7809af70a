package ttlogslog

import (
	"log/slog"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/log"
)

// ScopeName is the name of the instrumentation scope, unless [WithScope] says
// another.
const ScopeName = "github.com/ttlog/ttlog/instrument/slog"

// Option configures a handler.
type Option interface{ apply(config) config }

type optionFunc func(config) config

func (f optionFunc) apply(c config) config { return f(c) }

type config struct {
	loggers log.LoggerProvider
	scope   string
	level   slog.Leveler // nil: the next handler's
}

func newConfig(opts []Option) config {
	c := config{loggers: otel.GetLoggerProvider(), scope: ScopeName}
	for _, o := range opts {
		if o != nil {
			c = o.apply(c)
		}
	}
	return c
}

// WithLoggerProvider sets where records go. The default, also for nil, is the
// global provider.
func WithLoggerProvider(p log.LoggerProvider) Option {
	return optionFunc(func(c config) config {
		if p != nil {
			c.loggers = p
		}
		return c
	})
}

// WithLevel sets the lowest level that is recorded, whatever the next handler
// writes. Without it, and for nil, a record is recorded when the next handler
// takes it, and always where there is none.
func WithLevel(l slog.Leveler) Option {
	return optionFunc(func(c config) config { c.level = l; return c })
}

// WithScope sets the name of the instrumentation scope: of the code that logs,
// as the conventions have it, such as the path of a package.
func WithScope(name string) Option {
	return optionFunc(func(c config) config { c.scope = name; return c })
}
