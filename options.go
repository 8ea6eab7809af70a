package ttlog

import (
	"log/slog"
	"slices"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/ttlog/ttlog/internal/datadir"
	"github.com/ttlog/ttlog/internal/membudget"
	"github.com/ttlog/ttlog/internal/quantity"
)

// Option configures [Start].
type Option interface{ apply(c config) config }

type optionFunc func(config) config

func (f optionFunc) apply(c config) config { return f(c) }

type config struct {
	service        string
	version        string
	attributes     []attribute.KeyValue
	dir            string
	ringBytes      int64
	retention      datadir.Retention
	maxDisk        quantity.Size // zero where nobody said
	maxDiskSetting string
	minFree        quantity.Size
	spillMax       quantity.Size
	querySpillMax  int64
	memoryBytes    int64
	forward        []string
	envForward     []string // of the environment, where there is no forward
	envErrors      []error  // of the environment, until there is a logger to tell
	sampler        sdktrace.Sampler
	officialSDK    bool
	metricInterval time.Duration
	slogDefault    bool
	slogLevel      slog.Leveler
	slogNext       slog.Handler // nil: that of the default logger
	logger         *slog.Logger
}

func newConfig(opts []Option) config {
	c := config{dir: "./ttlog-data", logger: slog.New(slog.DiscardHandler)}.fromEnvironment()
	for _, o := range opts {
		c = o.apply(c)
	}
	return c
}

// WithService names the service (service.name). Without it the name is that of
// OTEL_SERVICE_NAME, else of OTEL_RESOURCE_ATTRIBUTES, else the SDK's default.
func WithService(name string) Option {
	return optionFunc(func(c config) config { c.service = name; return c })
}

// WithServiceVersion sets service.version.
func WithServiceVersion(version string) Option {
	return optionFunc(func(c config) config { c.version = version; return c })
}

// WithAttributes adds attributes to the resource.
func WithAttributes(attrs ...attribute.KeyValue) Option {
	return optionFunc(func(c config) config {
		c.attributes = append(slices.Clip(c.attributes), attrs...)
		return c
	})
}

// WithDataDir sets the directory of the store; without it, it is that of
// TTLOG_DATA, and ./ttlog-data by default. One process at a time may write to a
// directory.
func WithDataDir(dir string) Option {
	return optionFunc(func(c config) config { c.dir = dir; return c })
}

// WithRingSize sets the size of the ring file in bytes, rounded up to a power of
// two. Without it, it is that of TTLOG_RING_SIZE; the default is 16 MiB, and no
// more than a quarter of [WithMaxDisk]. The ring holds what is not in the store
// yet. A directory keeps the ring it was made with.
func WithRingSize(bytes int64) Option {
	return optionFunc(func(c config) config { c.ringBytes = bytes; return c })
}

// WithRetention removes telemetry older than d; zero keeps it for as long as
// there is room for it. Without it TTLOG_RETENTION decides (7d, 36h), which may
// have rules for signals and services as well (30d,logs=7d,spans/checkout=90d).
func WithRetention(d time.Duration) Option {
	return optionFunc(func(c config) config { c.retention = datadir.Retention{Age: d}; return c })
}

// WithMaxDisk sets how many bytes the data directory may take, the ring and what
// is kept for collectors included. Beyond that, what is kept for collectors goes,
// and then what was received first. Without it TTLOG_MAX_DISK decides (10GiB,
// 5%); the default is 1 GiB, or a quarter of the file system where that is less.
// Zero sets no limit. With one below what can work Start fails.
func WithMaxDisk(bytes int64) Option {
	return optionFunc(func(c config) config {
		c.maxDisk, c.maxDiskSetting = quantity.OfBytes(bytes), "ttlog.WithMaxDisk"
		return c
	})
}

// WithMinFree sets how many bytes of the file system are left free, whoever uses
// it, before anything more is kept on it for collectors. Without it TTLOG_MIN_FREE
// decides (1GiB, 5%); the default is 256 MiB, or a twentieth of the file system
// where that is less. Zero leaves nothing free.
func WithMinFree(bytes int64) Option {
	return optionFunc(func(c config) config { c.minFree = quantity.OfBytes(bytes); return c })
}

// WithSpillMax sets how many bytes may be kept on disk for collectors that do not
// keep up, for all of them together; beyond that the oldest requests are dropped
// and counted. Without it TTLOG_SPILL_MAX decides; the default is a quarter of
// [WithMaxDisk], or 1 GiB where that is less.
func WithSpillMax(bytes int64) Option {
	return optionFunc(func(c config) config { c.spillMax = quantity.OfBytes(bytes); return c })
}

// WithQuerySpillMax sets how many bytes queries that exceed their memory may put on
// disk, all of them together, in the data directory; it is beside what [WithMaxDisk] is about. Without it
// TTLOG_QUERY_SPILL_MAX decides; the default is none: they fail, and name the limit.
func WithQuerySpillMax(bytes int64) Option {
	return optionFunc(func(c config) config { c.querySpillMax = bytes; return c })
}

// WithMaxMemory sets how many bytes of memory ttlog takes in this process, its
// queries included, of which a quarter is for garbage; at least 32 MiB. Without it
// TTLOG_MEMORY decides; the default is 64 MiB, or a quarter of GOMEMLIMIT or of the control group's limit
// where that is less. The application's own limits are not touched.
func WithMaxMemory(bytes int64) Option {
	return optionFunc(func(c config) config { c.memoryBytes = bytes; return c })
}

func (c config) maxMemory() int64 {
	if c.memoryBytes > 0 {
		return c.memoryBytes
	}
	return membudget.ForApplication()
}

// WithForward forwards everything to an OTLP endpoint as well, for example
// http://collector:4318 or grpc://collector:4317. It may be given several times.
// Without it TTLOG_FORWARD decides, a list with commas.
func WithForward(endpoint string) Option {
	return optionFunc(func(c config) config {
		c.forward = append(slices.Clip(c.forward), endpoint)
		return c
	})
}

// WithSampler sets the sampler. Without it OTEL_TRACES_SAMPLER decides, whose
// default is parentbased_always_on.
func WithSampler(s sdktrace.Sampler) Option {
	return optionFunc(func(c config) config { c.sampler = s; return c })
}

// WithOfficialSDK makes the tracer and logger providers those of the official SDK.
// Those of package tracer, which are the default, record the same at a third of the
// price; this is for code that counts on the SDK's own types.
func WithOfficialSDK() Option {
	return optionFunc(func(c config) config { c.officialSDK = true; return c })
}

// WithMetricInterval sets how often metrics are collected. Without it
// OTEL_METRIC_EXPORT_INTERVAL decides, whose default here is ten seconds. The
// first time is after a second.
func WithMetricInterval(d time.Duration) Option {
	return optionFunc(func(c config) config { c.metricInterval = d; return c })
}

// WithSlog records what is logged with slog's default logger, tied to the span
// in its context, and with package log. Both go on writing what they wrote, where
// and how they are set up when Start is called; what slog's handler does not take
// for its level is not recorded either, see [WithSlogLevel]. Shutdown takes ttlog
// out again.
//
// For a logger that is not the default one, or one that is made after Start, put
// [github.com/ttlog/ttlog/instrument/slog.NewHandler] before its handler.
func WithSlog(opts ...SlogOption) Option {
	return optionFunc(func(c config) config {
		c.slogDefault = true
		for _, o := range opts {
			if o != nil {
				c = o.applySlog(c)
			}
		}
		return c
	})
}

// SlogOption configures [WithSlog].
type SlogOption interface{ applySlog(c config) config }

type slogOptionFunc func(config) config

func (f slogOptionFunc) applySlog(c config) config { return f(c) }

// AlsoTo sets the handler that slog's default logger writes with beside being
// recorded, in the place of the one that it has when Start is called. What package
// log writes goes where it went.
func AlsoTo(h slog.Handler) SlogOption {
	return slogOptionFunc(func(c config) config { c.slogNext = h; return c })
}

// WithSlogLevel is [WithSlog] with a level of its own: from it on records are
// kept, whatever is written elsewhere. With slog.DiscardHandler as the default
// handler they are kept here alone.
func WithSlogLevel(l slog.Leveler) Option {
	return optionFunc(func(c config) config { c.slogDefault, c.slogLevel = true, l; return c })
}

// WithLogger says where ttlog itself logs, for example that a collector cannot
// be reached. The default is nowhere. Do not pass a logger that logs to ttlog.
func WithLogger(l *slog.Logger) Option {
	return optionFunc(func(c config) config {
		if l != nil {
			c.logger = l
		}
		return c
	})
}
