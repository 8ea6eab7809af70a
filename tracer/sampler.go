package tracer

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// samplerFromEnv reads OTEL_TRACES_SAMPLER and its argument, as the SDK does,
// which keeps what it read to itself. What is not understood is told to
// OpenTelemetry's error handler, and the default is taken.
func samplerFromEnv() sdktrace.Sampler {
	name := strings.ToLower(strings.TrimSpace(os.Getenv("OTEL_TRACES_SAMPLER")))
	switch base, parentBased := strings.CutPrefix(name, "parentbased_"); base {
	case "":
	case "always_on":
		return basedOnParent(parentBased, sdktrace.AlwaysSample())
	case "always_off":
		return basedOnParent(parentBased, sdktrace.NeverSample())
	case "traceidratio":
		return basedOnParent(parentBased, sdktrace.TraceIDRatioBased(ratioFromEnv()))
	case "consistent_probability":
		return basedOnParent(parentBased, ConsistentProbability(ratioFromEnv()))
	default:
		otel.Handle(fmt.Errorf("tracer: OTEL_TRACES_SAMPLER=%q is not known", name))
	}
	return basedOnParent(true, sdktrace.AlwaysSample())
}

func basedOnParent(yes bool, root sdktrace.Sampler) sdktrace.Sampler {
	if yes {
		return sdktrace.ParentBased(root)
	}
	return root
}

// ratioFromEnv returns the argument of a sampler, and 1 for one that is none.
func ratioFromEnv() float64 {
	const variable = "OTEL_TRACES_SAMPLER_ARG"
	text := strings.TrimSpace(os.Getenv(variable))
	if text == "" {
		return 1
	}
	ratio, err := strconv.ParseFloat(text, 64)
	if err != nil || !(ratio >= 0 && ratio <= 1) {
		otel.Handle(fmt.Errorf("tracer: %s=%q: want a number from 0 to 1", variable, text))
		return 1
	}
	return ratio
}

// takesAll tells whether a sampler is the default one, whose decision needs no
// asking: a span without a parent is taken, any other as its parent was.
func takesAll(s sdktrace.Sampler) bool {
	return s.Description() == sdktrace.ParentBased(sdktrace.AlwaysSample()).Description()
}

// randomBits is how many bits of a trace id are random by W3C's Trace Context 2,
// and what a threshold counts in.
const randomBits = 56

// ConsistentProbability returns a sampler that takes a fraction of the traces, and
// writes into the trace state how many each of them stands for (th, as
// OpenTelemetry's specification of probability sampling has it). The decision is
// made of the same 56 random bits everywhere: those of the trace id, or those that
// the trace state carries (rv). So a service that takes a tenth takes of those that
// another takes a half of, and traces are whole wherever the smaller of the two is
// asked for. Ids that this provider makes are marked as random by the flag of W3C's
// Trace Context.
//
// It decides for each span by itself. As the root of [sdktrace.ParentBased] it
// decides for a trace.
func ConsistentProbability(fraction float64) sdktrace.Sampler {
	const all = 1 << randomBits
	c := consistent{description: fmt.Sprintf("ConsistentProbability{%g}", fraction), threshold: all}
	if fraction > 0 { // and no NaN
		c.threshold = all - uint64(math.Round(min(fraction, 1)*all))
		th := strings.TrimRight(fmt.Sprintf("%014x", c.threshold), "0")
		c.th = "th:" + max(th, "0")
	}
	return c
}

// consistent is immutable.
type consistent struct {
	threshold   uint64 // what is random has to reach it
	th          string
	description string
}

func (c consistent) Description() string { return c.description }

func (c consistent) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	state := trace.SpanContextFromContext(p.ParentContext).TraceState()
	ot := state.Get("ot")
	random, ok := randomValue(ot)
	if !ok {
		random = binary.BigEndian.Uint64(p.TraceID[8:]) & (1<<randomBits - 1)
	}
	taken := c.th != "" && random >= c.threshold
	th := ""
	if taken {
		th = c.th
	}
	r := sdktrace.SamplingResult{Tracestate: withThreshold(state, ot, th)}
	if taken {
		r.Decision = sdktrace.RecordAndSample
	}
	return r
}

// randomValue returns the rv of OpenTelemetry's member of a trace state.
func randomValue(ot string) (uint64, bool) {
	for part := range strings.SplitSeq(ot, ";") {
		if rv, ok := strings.CutPrefix(part, "rv:"); ok && len(rv) == randomBits/4 {
			v, err := strconv.ParseUint(rv, 16, 64)
			return v, err == nil
		}
	}
	return 0, false
}

// withThreshold puts a threshold into a trace state in the place of the one that
// it has; "" is none. What else is in there stays.
func withThreshold(state trace.TraceState, ot, th string) trace.TraceState {
	var parts []string
	for part := range strings.SplitSeq(ot, ";") {
		if part != "" && !strings.HasPrefix(part, "th:") {
			parts = append(parts, part)
		}
	}
	if th != "" {
		parts = append([]string{th}, parts...)
	}
	if len(parts) == 0 {
		return state.Delete("ot")
	}
	if with, err := state.Insert("ot", strings.Join(parts, ";")); err == nil {
		return with
	}
	return state // it is full of what others need
}

// given has the SDK start a span that was started here: with its ids, and as it
// was decided. It is the sampler and the id generator of the SDK's provider, and
// asks the provider's own where the SDK starts a span of itself.
type given struct {
	sampler sdktrace.Sampler
	ids     sdktrace.IDGenerator
}

// givenKey is the key of the context with the context of that span.
type givenKey struct{}

// givenContext returns that context. The flag of random ids comes from the parent;
// a root made here has it of itself.
func givenContext(parent, s trace.SpanContext) context.Context {
	parent = parent.WithTraceFlags(parent.TraceFlags() | s.TraceFlags()&trace.FlagsRandom)
	return context.WithValue(trace.ContextWithSpanContext(context.Background(), parent), givenKey{}, s)
}

func (g given) Description() string { return g.sampler.Description() }

func (g given) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	s, ok := p.ParentContext.Value(givenKey{}).(trace.SpanContext)
	if !ok {
		return g.sampler.ShouldSample(p)
	}
	r := sdktrace.SamplingResult{Decision: sdktrace.RecordOnly, Tracestate: s.TraceState()}
	if s.IsSampled() {
		r.Decision = sdktrace.RecordAndSample
	}
	return r
}

func (g given) NewIDs(ctx context.Context) (trace.TraceID, trace.SpanID) {
	if s, ok := ctx.Value(givenKey{}).(trace.SpanContext); ok {
		return s.TraceID(), s.SpanID()
	}
	return g.ids.NewIDs(ctx)
}

func (g given) NewSpanID(ctx context.Context, id trace.TraceID) trace.SpanID {
	if s, ok := ctx.Value(givenKey{}).(trace.SpanContext); ok {
		return s.SpanID()
	}
	return g.ids.NewSpanID(ctx, id)
}
