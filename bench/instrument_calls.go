package bench

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/XSAM/otelsql"
	"github.com/gin-gonic/gin"
	"github.com/redis/go-redis/extra/redisotel/v9"
	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/contrib/instrumentation/github.com/gin-gonic/gin/otelgin"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	ttloggin "github.com/ttlog/ttlog/instrument/gin"
	ttloghttp "github.com/ttlog/ttlog/instrument/http"
	ttlogredis "github.com/ttlog/ttlog/instrument/redis"
	ttlogsql "github.com/ttlog/ttlog/instrument/sql"
)

// instrumentations are what is measured. Nothing of them goes over a network: a
// handler that answers nothing, a transport, a driver and a server that answer at
// once.
func instrumentations() []instrumented {
	const bulk = "INSERT INTO items (a, b, c) VALUES "
	return []instrumented{
		{
			id: "http_server", peer: "otelhttp", attributes: 12,
			bare: func() (func(), error) { return serveItems(itemsMux()), nil },
			ours: func(tp trace.TracerProvider, mp metric.MeterProvider) (func(), error) {
				return serveItems(ttloghttp.NewHandler(itemsMux(), ttloghttp.WithTracerProvider(tp), ttloghttp.WithMeterProvider(mp))), nil
			},
			peers: func(tp trace.TracerProvider, mp metric.MeterProvider) (func(), error) {
				return serveItems(otelhttp.NewHandler(itemsMux(), "", otelhttp.WithTracerProvider(tp), otelhttp.WithMeterProvider(mp))), nil
			},
		},
		{
			id: "http_client", peer: "otelhttp", attributes: 6,
			bare: func() (func(), error) { return roundTrip(answers{}), nil },
			ours: func(tp trace.TracerProvider, mp metric.MeterProvider) (func(), error) {
				return roundTrip(ttloghttp.NewTransport(answers{}, ttloghttp.WithTracerProvider(tp), ttloghttp.WithMeterProvider(mp))), nil
			},
			peers: func(tp trace.TracerProvider, mp metric.MeterProvider) (func(), error) {
				return roundTrip(otelhttp.NewTransport(answers{}, otelhttp.WithTracerProvider(tp), otelhttp.WithMeterProvider(mp))), nil
			},
		},
		{
			id: "gin", peer: "otelgin", attributes: 12,
			bare: func() (func(), error) { return serveItems(itemsEngine()), nil },
			ours: func(tp trace.TracerProvider, mp metric.MeterProvider) (func(), error) {
				return serveItems(itemsEngine(ttloggin.Middleware(ttloggin.WithTracerProvider(tp), ttloggin.WithMeterProvider(mp)))), nil
			},
			peers: func(tp trace.TracerProvider, mp metric.MeterProvider) (func(), error) {
				return serveItems(itemsEngine(otelgin.Middleware("shop", otelgin.WithTracerProvider(tp), otelgin.WithMeterProvider(mp)))), nil
			},
		},
		onDatabase("sql_query", "SELECT name FROM items WHERE id = ?", 1),
		onDatabase("sql_bulk36k", bulk+strings.Repeat("(?, ?, ?), ", 36<<10/11)),
		onRedis("redis_get", func(ctx context.Context, c *redis.Client) { c.Get(ctx, "user:42") }),
		onRedis("redis_pipe10", func(ctx context.Context, c *redis.Client) {
			_, _ = c.Pipelined(ctx, func(p redis.Pipeliner) error {
				for range 10 {
					p.Get(ctx, "user:42")
				}
				return nil
			})
		}),
	}
}

type discards struct{ header http.Header }

func (d discards) Header() http.Header       { return d.header }
func (discards) Write(p []byte) (int, error) { return len(p), nil }
func (discards) WriteHeader(int)             {}
func (discards) Flush()                      {}

func itemsMux() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /items/{id}", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "item") })
	return mux
}

func itemsEngine(middleware ...gin.HandlerFunc) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	e.Use(middleware...)
	e.GET("/items/:id", func(c *gin.Context) { _, _ = c.Writer.WriteString("item") })
	return e
}

func serveItems(h http.Handler) func() {
	r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, "http://shop.test/items/42", nil)
	r.Header.Set("User-Agent", "bench")
	w := discards{http.Header{}}
	return func() { h.ServeHTTP(w, r) }
}

type answers struct{}

func (answers) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, ProtoMajor: 1, ProtoMinor: 1, Body: io.NopCloser(strings.NewReader("item")), Request: r}, nil
}

func roundTrip(rt http.RoundTripper) func() {
	r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, "http://shop.test/items/42", nil)
	buf := make([]byte, 64)
	return func() {
		res, err := rt.RoundTrip(r)
		if err != nil {
			panic(err)
		}
		for err == nil {
			_, err = res.Body.Read(buf)
		}
		_ = res.Body.Close()
	}
}

// quickDriver answers a query with one row, at once.
type (
	quickDriver struct{}
	quickConn   struct{ driver.Conn }
	quickRows   struct{ read bool }
)

func (quickDriver) Connect(context.Context) (driver.Conn, error) { return quickConn{}, nil }
func (quickDriver) Driver() driver.Driver                        { return nil }
func (quickConn) Close() error                                   { return nil }
func (quickConn) ResetSession(context.Context) error             { return nil }
func (quickConn) IsValid() bool                                  { return true }
func (*quickRows) Columns() []string                             { return []string{"a"} }
func (*quickRows) Close() error                                  { return nil }

func (quickConn) QueryContext(context.Context, string, []driver.NamedValue) (driver.Rows, error) {
	return &quickRows{}, nil
}

func (quickConn) ExecContext(context.Context, string, []driver.NamedValue) (driver.Result, error) {
	return driver.ResultNoRows, nil
}

func (r *quickRows) Next(dest []driver.Value) error {
	if r.read {
		return io.EOF
	}
	r.read, dest[0] = true, int64(1)
	return nil
}

// onDatabase queries with arguments, or executes without.
func onDatabase(id, text string, args ...any) instrumented {
	call := func(db *sql.DB) func() {
		ctx := context.Background()
		if len(args) == 0 {
			return func() { _, _ = db.ExecContext(ctx, text) }
		}
		return func() {
			var v int64
			if err := db.QueryRowContext(ctx, text, args...).Scan(&v); err != nil {
				panic(err)
			}
		}
	}
	return instrumented{
		id: id, peer: "otelsql", attributes: 5,
		bare: func() (func(), error) { return call(sql.OpenDB(quickDriver{})), nil },
		ours: func(tp trace.TracerProvider, mp metric.MeterProvider) (func(), error) {
			return call(ttlogsql.OpenDB(quickDriver{}, ttlogsql.WithTracerProvider(tp), ttlogsql.WithMeterProvider(mp), ttlogsql.WithSystem("postgresql"))), nil
		},
		peers: func(tp trace.TracerProvider, mp metric.MeterProvider) (func(), error) {
			return call(otelsql.OpenDB(quickDriver{}, otelsql.WithTracerProvider(tp), otelsql.WithMeterProvider(mp))), nil
		},
	}
}

// quickRedis answers at once.
type quickRedis struct{}

func (quickRedis) DialHook(next redis.DialHook) redis.DialHook { return next }
func (quickRedis) ProcessHook(redis.ProcessHook) redis.ProcessHook {
	return func(context.Context, redis.Cmder) error { return nil }
}

func (quickRedis) ProcessPipelineHook(redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(context.Context, []redis.Cmder) error { return nil }
}

func onRedis(id string, do func(context.Context, *redis.Client)) instrumented {
	call := func(instrument func(c *redis.Client) error) (func(), error) {
		c := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"})
		if err := instrument(c); err != nil {
			return nil, err
		}
		c.AddHook(quickRedis{})
		ctx := context.Background()
		return func() { do(ctx, c) }, nil
	}
	return instrumented{
		id: id, peer: "redisotel", attributes: 6,
		bare: func() (func(), error) { return call(func(*redis.Client) error { return nil }) },
		ours: func(tp trace.TracerProvider, mp metric.MeterProvider) (func(), error) {
			return call(func(c *redis.Client) error {
				return ttlogredis.Instrument(c, ttlogredis.WithTracerProvider(tp), ttlogredis.WithMeterProvider(mp))
			})
		},
		peers: func(tp trace.TracerProvider, mp metric.MeterProvider) (func(), error) {
			return call(func(c *redis.Client) error {
				if err := redisotel.InstrumentTracing(c, redisotel.WithTracerProvider(tp)); err != nil {
					return err
				}
				return redisotel.InstrumentMetrics(c, redisotel.WithMeterProvider(mp))
			})
		},
	}
}
