package ttlog

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/contrib/bridges/otelslog"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/ttlog/ttlog/exporter"
	"github.com/ttlog/ttlog/exporter/otlp"
	"github.com/ttlog/ttlog/internal/datadir"
	"github.com/ttlog/ttlog/processor"
	"github.com/ttlog/ttlog/storage"
)

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
// Start fails where the directory cannot be opened (another process writes to
// it, the disk is full, a newer ttlog made it) or the environment holds a
// setting that cannot be understood. The globals are then as they were.
// With OTEL_SDK_DISABLED=true it does nothing.
func Start(ctx context.Context, opts ...Option) (shutdown func(context.Context) error, err error) {
	if disabled, _ := strconv.ParseBool(strings.TrimSpace(os.Getenv("OTEL_SDK_DISABLED"))); disabled {
		return func(context.Context) error { return nil }, nil
	}
	c := newConfig(opts)
	res, err := c.resource(ctx)
	if err != nil {
		return nil, fmt.Errorf("ttlog: resource: %w", err)
	}
	propagator, err := propagators(os.Getenv("OTEL_PROPAGATORS"))
	if err != nil {
		return nil, fmt.Errorf("ttlog: OTEL_PROPAGATORS: %w", err)
	}
	dir, err := c.openDataDir()
	if err != nil {
		return nil, fmt.Errorf("ttlog: %w", err)
	}
	in := &instance{config: c, dir: dir}
	in.start(res)
	in.setGlobals(propagator)
	return in.shutdown, nil
}

// forwardGrace is how long shutdown waits for collectors: one that is away must
// not keep the application from ending.
const forwardGrace = 3 * time.Second

// instance is what one Start built. Its fields are immutable.
type instance struct {
	config  config
	dir     *datadir.DataDir
	spans   *processor.SpanProcessor
	records *processor.LogProcessor
	traces  *sdktrace.TracerProvider
	logs    *sdklog.LoggerProvider
	metrics *sdkmetric.MeterProvider
	// giveBackSlog restores slog's default logger.
	giveBackSlog func()
	once         sync.Once
	closing      atomic.Bool // shutdown is under way
}

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

func (c config) openDataDir() (*datadir.DataDir, error) {
	o := datadir.Options{
		RingBytes: c.ringBytes,
		Store:     storage.Options{Retention: c.retention, MaxDiskBytes: c.maxDiskBytes, Logger: c.logger},
		Logger:    c.logger,

		ForwardGrace: forwardGrace,
	}
	fromEnv, err := otlp.OptionsFromEnv()
	if fromEnv.Configured() {
		if err != nil {
			return nil, err
		}
		o.Forward = append(o.Forward, fromEnv)
	}
	for _, endpoint := range c.forward {
		o.Forward = append(o.Forward, otlp.Options{Target: otlp.Target{Endpoint: endpoint}})
	}
	if err := datadir.Make(c.dir); err != nil {
		return nil, err
	}
	return datadir.Open(c.dir, o)
}

// start builds the three providers over the ring.
func (in *instance) start(res *resource.Resource) {
	in.spans = processor.NewSpanProcessor(in.dir.Ring, processor.WithFlush(in.flush))
	in.records = processor.NewLogProcessor(in.dir.Ring, processor.WithFlush(in.flush))
	traceOptions := []sdktrace.TracerProviderOption{
		sdktrace.WithResource(res),
		sdktrace.WithSpanProcessor(in.spans),
	}
	if in.config.sampler != nil {
		// Without one the SDK reads OTEL_TRACES_SAMPLER.
		traceOptions = append(traceOptions, sdktrace.WithSampler(in.config.sampler))
	}
	in.traces = sdktrace.NewTracerProvider(traceOptions...)
	in.logs = sdklog.NewLoggerProvider(
		sdklog.WithResource(res),
		sdklog.WithProcessor(in.records),
	)
	var readerOptions []sdkmetric.PeriodicReaderOption
	if in.config.metricInterval > 0 {
		readerOptions = append(readerOptions, sdkmetric.WithInterval(in.config.metricInterval))
	}
	in.metrics = sdkmetric.NewMeterProvider(
		sdkmetric.WithResource(res),
		sdkmetric.WithReader(sdkmetric.NewPeriodicReader(exporter.NewMetricExporter(in.dir.Ring), readerOptions...)),
	)
}

func (in *instance) setGlobals(p propagation.TextMapPropagator) {
	otel.SetTracerProvider(in.traces)
	otel.SetMeterProvider(in.metrics)
	otel.SetLoggerProvider(in.logs)
	otel.SetTextMapPropagator(p)
	in.giveBackSlog = func() {}
	if in.config.slogDefault {
		in.giveBackSlog = setSlog(slog.New(otelslog.NewHandler("log/slog", otelslog.WithLoggerProvider(in.logs))))
	}
	current.Store(newHandler(in))
}

// setSlog makes l slog's default and returns what undoes it, unless another one
// was set since: what the application says at its end is not to go nowhere.
func setSlog(l *slog.Logger) (undo func()) {
	before, out, flags := slog.Default(), log.Writer(), log.Flags()
	slog.SetDefault(l) // package log goes through it as well from here on
	return func() {
		if slog.Default() == l {
			slog.SetDefault(before)
			log.SetOutput(out)
			log.SetFlags(flags)
		}
	}
}

// shutdown makes everything durable and closes. The providers first: their
// last records have to be in the ring before the pipeline is drained.
func (in *instance) shutdown(ctx context.Context) (err error) {
	in.once.Do(func() {
		current.Store(nil)
		in.giveBackSlog()
		in.closing.Store(true)
		ctx, cancel := bounded(ctx)
		defer cancel()
		err = errors.Join(
			in.metrics.Shutdown(ctx),
			in.logs.Shutdown(ctx),
			in.traces.Shutdown(ctx),
			in.dir.Close(ctx),
		)
	})
	return err
}
