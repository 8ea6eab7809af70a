package tracer

import (
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// Option configures [NewProvider].
type Option interface{ apply(config) config }

type optionFunc func(config) config

func (f optionFunc) apply(c config) config { return f(c) }

type config struct {
	resource   *resource.Resource
	sampler    sdktrace.Sampler
	limits     sdktrace.SpanLimits
	ids        sdktrace.IDGenerator
	processors []sdktrace.SpanProcessor
}

func newConfig(opts []Option) config {
	c := config{limits: sdktrace.NewSpanLimits()}
	for _, o := range opts {
		if o != nil {
			c = o.apply(c)
		}
	}
	if c.sampler == nil {
		c.sampler = samplerFromEnv()
	}
	if c.limits.AttributeValueDepthLimit == 0 {
		c.limits.AttributeValueDepthLimit = sdktrace.DefaultAttributeValueDepthLimit
	}
	return c
}

// WithResource says what the spans are of. As with the SDK, what the environment
// says is added. The default is the SDK's.
func WithResource(r *resource.Resource) Option {
	return optionFunc(func(c config) config { c.resource = r; return c })
}

// WithSampler sets the sampler: one of the SDK's, [ConsistentProbability], or any
// other. The default is that of OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG,
// which is parentbased_always_on where they are not set.
func WithSampler(s sdktrace.Sampler) Option {
	return optionFunc(func(c config) config { c.sampler = s; return c })
}

// WithSpanLimits sets the limits as they are, like the SDK's WithRawSpanLimits.
// The default is that of the environment, see [sdktrace.NewSpanLimits].
func WithSpanLimits(l sdktrace.SpanLimits) Option {
	return optionFunc(func(c config) config { c.limits = l; return c })
}

// WithIDGenerator sets where ids come from. The default is random ids.
func WithIDGenerator(g sdktrace.IDGenerator) Option {
	return optionFunc(func(c config) config { c.ids = g; return c })
}

// WithSpanProcessor adds a span processor of the SDK's kind. The spans of such a
// provider are the SDK's, and cost what the SDK's do.
func WithSpanProcessor(p sdktrace.SpanProcessor) Option {
	return optionFunc(func(c config) config { c.processors = append(c.processors, p); return c })
}
