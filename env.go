package ttlog

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/contrib/propagators/autoprop"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"

	"github.com/ttlog/ttlog/exporter/otlp"
)

// warn tells of a setting of the environment that is not understood and so is
// ignored, as OpenTelemetry's specification demands. The error handler prints it
// where the application has no logger for us.
func (c config) warn(err error) {
	c.logger.Warn("ttlog: a setting of the environment is ignored", "error", err)
	otel.Handle(fmt.Errorf("ttlog: the environment: %w: ignored", err))
}

// warnEach does so for each of the errors that were joined.
func (c config) warnEach(err error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			c.warn(e)
		}
	} else if err != nil {
		c.warn(err)
	}
}

// setting returns an environment variable, and "" for one that is not set.
func setting(name string) string { return strings.TrimSpace(os.Getenv(name)) }

// disabled tells whether OTEL_SDK_DISABLED turns everything off. A boolean is
// true when it says so, in any case, and false otherwise.
func (c config) disabled() bool {
	const name = "OTEL_SDK_DISABLED"
	switch v := setting(name); strings.ToLower(v) {
	case "true":
		return true
	case "false", "":
	default:
		c.warn(fmt.Errorf("%s=%q: want true or false", name, v))
	}
	return false
}

// propagators reads OTEL_PROPAGATORS: a comma-separated list, whose default is
// W3C trace context and baggage.
func (c config) propagators() propagation.TextMapPropagator {
	const variable = "OTEL_PROPAGATORS"
	var names []string
	for name := range strings.SplitSeq(setting(variable), ",") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		// The application may have registered one, under a name in any case.
		if _, err := autoprop.TextMapPropagator(name); err != nil {
			name = strings.ToLower(name)
		}
		if _, err := autoprop.TextMapPropagator(name); err != nil {
			c.warn(fmt.Errorf("%s: %q is not known", variable, name))
			continue
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		names = []string{"tracecontext", "baggage"}
	}
	p, _ := autoprop.TextMapPropagator(names...)
	return p
}

// route says where a signal goes.
type route struct {
	record  bool // into the ring, and from there into the store and to WithForward's collectors
	forward bool // to the collector of OTEL_EXPORTER_OTLP_ENDPOINT
}

// route reads OTEL_TRACES_EXPORTER or one of its like, a comma-separated list:
// otlp is the default and stands for both, ttlog for the store alone, and none
// for nothing.
func (c config) route(variable string) route {
	var r route
	known := false
	for name := range strings.SplitSeq(setting(variable), ",") {
		switch name = strings.ToLower(strings.TrimSpace(name)); name {
		case "":
		case "none":
			known = true
		case "ttlog":
			known, r.record = true, true
		case "otlp":
			known, r.record, r.forward = true, true, true
		case "console":
			c.warn(fmt.Errorf("%s: console: ttlog prints nothing, `ttlog tail` shows what arrives", variable))
		default:
			c.warn(fmt.Errorf("%s: %q is not known; otlp, ttlog and none are", variable, name))
		}
	}
	if !known {
		return route{record: true, forward: true}
	}
	return r
}

// collector returns where the environment sends the signals of the routes.
func (c config) collector(traces, logs, metrics route) (o otlp.Options, ok bool) {
	o, err := otlp.OptionsFromEnv()
	c.warnEach(err)
	for _, s := range []struct {
		route  route
		target **otlp.Target
	}{{traces, &o.Traces}, {logs, &o.Logs}, {metrics, &o.Metrics}} {
		if !s.route.record || !s.route.forward {
			*s.target = new(otlp.Target) // one without an endpoint, which is sent nowhere
		}
		ok = ok || *s.target == nil && o.Endpoint != "" || *s.target != nil && (*s.target).Endpoint != ""
	}
	return o, ok
}

// defaultMetricInterval is shorter than the specification's minute: what is
// collected goes into a file of this machine, and whoever looks wants to see it.
const defaultMetricInterval = 10 * time.Second

// interval returns how often metrics are collected.
func (c config) interval() time.Duration {
	const variable = "OTEL_METRIC_EXPORT_INTERVAL"
	if c.metricInterval > 0 {
		return c.metricInterval
	}
	v := setting(variable)
	if v == "" {
		return defaultMetricInterval
	}
	ms, err := strconv.ParseInt(v, 10, 64)
	if err == nil && (ms <= 0 || ms > math.MaxInt64/int64(time.Millisecond)) {
		err = errors.New("out of range")
	}
	if err != nil {
		c.warn(fmt.Errorf("%s=%q: want milliseconds: %w", variable, v, err))
		return defaultMetricInterval
	}
	return time.Duration(ms) * time.Millisecond
}
