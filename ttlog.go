package ttlog

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/propagation"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/ttlog/ttlog/exporter"
	"github.com/ttlog/ttlog/exporter/otlp"
	"github.com/ttlog/ttlog/internal/datadir"
	"github.com/ttlog/ttlog/internal/membudget"
	"github.com/ttlog/ttlog/internal/sdkguard"
	"github.com/ttlog/ttlog/processor"
	"github.com/ttlog/ttlog/storage"
	"github.com/ttlog/ttlog/tracer"
)

// ErrStarted is wrapped by the error of a second Start.
var ErrStarted = errors.New("ttlog is started already in this process")

// Start sets up traces, metrics and logs for this process and sets them as
// OpenTelemetry's globals, together with the propagators. What is recorded is
// stored in the data directory and can be queried through [Handler] and by
// `ttlog query --data`.
//
// The returned function ends it: it collects the metrics a last time, makes
// everything durable within its context's time, or 30 seconds where that has
// no deadline, and closes the directory. What could not be made durable by
// then stays in the ring, and the next Start finds it. Collectors get a few
// seconds; what they do not have by then is kept and sent after the next Start.
// Call it once before the process ends; further calls return nil.
//
// A process has one set of globals, so it is started once: while one Start is in
// effect another fails with [ErrStarted], in whichever directory, and changes
// nothing. A library leaves Start to the program and uses the globals. After
// shutdown has returned Start may be called again, as tests do; tracers, meters
// and loggers are to be got anew then, since those of a provider that is shut down
// record nothing.
//
// Start fails where the directory cannot be opened (another process writes to
// it, the disk is full, a newer ttlog made it). The globals are then as they
// were. What it does not understand of the environment is ignored, and told to
// the logger of [WithLogger] and to OpenTelemetry's error handler, whose default
// prints it. With OTEL_SDK_DISABLED=true Start does nothing.
func Start(ctx context.Context, opts ...Option) (shutdown func(context.Context) error, err error) {
	c := newConfig(opts)
	if c.disabled() {
		return func(context.Context) error { return nil }, nil
	}
	if !running.CompareAndSwap(nil, &c.dir) {
		return nil, errStarted()
	}
	defer func() {
		if err != nil {
			running.Store(nil)
		}
	}()
	for _, err := range c.envErrors {
		c.warn(err)
	}
	res, err := c.resource(ctx)
	if err != nil {
		return nil, fmt.Errorf("ttlog: resource: %w", err)
	}
	in := &instance{
		config:      c,
		memory:      membudget.New(c.maxMemory()),
		toTraces:    c.route("OTEL_TRACES_EXPORTER"),
		toLogs:      c.route("OTEL_LOGS_EXPORTER"),
		toMetrics:   c.route("OTEL_METRICS_EXPORTER"),
		propagators: c.propagators(),
	}
	if in.dir, err = in.openDataDir(); err != nil {
		return nil, fmt.Errorf("ttlog: %w", err)
	}
	in.start(res)
	in.setGlobals()
	return in.shutdown, nil
}

// running is the directory of the Start that is in effect.
var running atomic.Pointer[string]

func errStarted() error {
	where := ""
	if dir := running.Load(); dir != nil {
		where = ", with its data in " + *dir
	}
	return fmt.Errorf("%w%s: one Start serves all of it; before another, call the function that it returned", ErrStarted, where)
}

// forwardGrace is how long shutdown waits for collectors: one that is away must
// not keep the application from ending.
const forwardGrace = 3 * time.Second

// firstMetrics is when metrics are collected for the first time, so that a
// process that dies young has left some.
const firstMetrics = time.Second

// storeLinger is how long an application's records wait for more of them before
// the store takes them. A few at a time cost twice as much each, which is the
// application's processor time, and nobody looks at them within that time.
const storeLinger = 25 * time.Millisecond

// instance is what one Start built. Its fields are immutable.
type instance struct {
	config config
	dir    *datadir.DataDir
	memory *membudget.Budget

	toTraces, toLogs, toMetrics route
	propagators                 propagation.TextMapPropagator

	spans   *processor.SpanProcessor
	records *processor.LogProcessor
	traces  tracerProvider
	logs    loggerProvider
	metrics *sdkmetric.MeterProvider
	// stopFirst ends the wait for the first collection of metrics.
	stopFirst func()
	// giveBackSlog restores slog's default logger.
	giveBackSlog func()
	once         sync.Once
	closing      atomic.Bool // shutdown is under way
}

// tracerProvider and loggerProvider are ttlog's, or the SDK's.
type (
	tracerProvider interface {
		trace.TracerProvider
		Shutdown(ctx context.Context) error
	}
	loggerProvider interface {
		log.LoggerProvider
		Shutdown(ctx context.Context) error
	}
)

// flushLimit bounds what waits without a deadline: a collector may be away for
// days, and an application has to be able to end.
var flushLimit = 30 * time.Second

// flush brings what is in the ring to where it goes. While the application
// ends the collectors are left to the end, where all get the same time.
func (in *instance) flush(ctx context.Context) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	if in.closing.Load() {
		return in.dir.Pipeline.DrainStore(ctx)
	}
	return in.dir.Pipeline.Drain(ctx)
}

func bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, flushLimit)
}

func (in *instance) openDataDir() (*datadir.DataDir, error) {
	c := in.config
	o := c.disk()
	o.Memory, o.Logger, o.ForwardGrace, o.Linger = in.memory, c.logger, forwardGrace, storeLinger
	o.Store = storage.Options{Retention: c.retention.Age, RetentionRules: c.retention.Rules, Logger: c.logger}
	if fromEnv, ok := c.collector(in.toTraces, in.toLogs, in.toMetrics); ok {
		o.Forward = append(o.Forward, fromEnv)
	}
	if c.forward == nil {
		c.forward = c.envForward
	}
	for _, endpoint := range c.forward {
		o.Forward = append(o.Forward, otlp.Options{Target: otlp.Target{Endpoint: endpoint}})
	}
	return datadir.Open(c.dir, o)
}

// start builds the three providers over the ring. One whose signal goes nowhere
// has no processor: its spans still have ids and are propagated.
func (in *instance) start(res *resource.Resource) {
	in.spans = processor.NewSpanProcessor(in.dir.Ring, processor.WithFlush(in.flush))
	in.records = processor.NewLogProcessor(in.dir.Ring, processor.WithFlush(in.flush))
	spans, records := in.spans, in.records
	if !in.toTraces.record {
		spans = nil
	}
	if !in.toLogs.record {
		records = nil
	}
	if in.config.officialSDK {
		in.traces, in.logs = officialTraces(spans, in.config.sampler, res), officialLogs(records, res)
	} else {
		in.traces = tracer.NewProvider(spans, tracer.WithResource(res), tracer.WithSampler(in.config.sampler))
		in.logs = tracer.NewLoggerProvider(records, res)
	}
	metricOptions := []sdkmetric.Option{sdkmetric.WithResource(res)}
	if in.toMetrics.record {
		metricOptions = append(metricOptions, sdkmetric.WithReader(sdkmetric.NewPeriodicReader(
			exporter.NewMetricExporter(in.dir.Ring), sdkmetric.WithInterval(in.config.interval()))))
	}
	in.metrics = sdkmetric.NewMeterProvider(metricOptions...)
	in.collectFirst()
}

func officialTraces(p *processor.SpanProcessor, s sdktrace.Sampler, res *resource.Resource) tracerProvider {
	opts := []sdktrace.TracerProviderOption{sdktrace.WithResource(res)}
	if p != nil {
		opts = append(opts, sdktrace.WithSpanProcessor(p))
	}
	if s != nil {
		// Without one the SDK reads OTEL_TRACES_SAMPLER.
		opts = append(opts, sdktrace.WithSampler(s))
	}
	return sdktrace.NewTracerProvider(opts...)
}

func officialLogs(p *processor.LogProcessor, res *resource.Resource) loggerProvider {
	opts := []sdklog.LoggerProviderOption{sdklog.WithResource(res)}
	if p != nil {
		opts = append(opts, sdklog.WithProcessor(p))
	}
	return sdkguard.Loggers(sdklog.NewLoggerProvider(opts...))
}

// collectFirst collects the metrics after firstMetrics. shutdown ends the wait.
func (in *instance) collectFirst() {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		select {
		case <-time.After(firstMetrics):
			_ = in.metrics.ForceFlush(ctx) // what fails here is tried again at the interval
		case <-ctx.Done():
		}
	})
	in.stopFirst = func() {
		cancel()
		wg.Wait()
	}
}

func (in *instance) setGlobals() {
	otel.SetTracerProvider(in.traces)
	otel.SetMeterProvider(in.metrics)
	otel.SetLoggerProvider(in.logs)
	otel.SetTextMapPropagator(in.propagators)
	in.giveBackSlog = func() {}
	if in.config.slogDefault {
		in.giveBackSlog = setSlog(in.logs, in.config.slogLevel, in.config.slogNext)
	}
	starts.Add(1)
	current.Store(newHandler(in))
}

// shutdown makes everything durable and closes. The providers first: their
// last records have to be in the ring before the pipeline is drained.
func (in *instance) shutdown(ctx context.Context) (err error) {
	in.once.Do(func() {
		current.Store(nil)
		in.giveBackSlog()
		in.stopFirst()
		in.closing.Store(true)
		ctx, cancel := bounded(ctx)
		defer cancel()
		err = errors.Join(
			in.metrics.Shutdown(ctx),
			in.logs.Shutdown(ctx),
			in.traces.Shutdown(ctx),
			in.dir.Close(ctx),
		)
		running.Store(nil)
	})
	return err
}
