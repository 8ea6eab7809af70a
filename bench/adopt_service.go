package bench

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"

	"github.com/XSAM/otelsql"
	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	"github.com/redis/go-redis/extra/redisotel/v9"
	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/contrib/instrumentation/github.com/gin-gonic/gin/otelgin"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	_ "modernc.org/sqlite" // the database of the service

	"github.com/ttlog/ttlog"
	ttloggin "github.com/ttlog/ttlog/instrument/gin"
	ttloghttp "github.com/ttlog/ttlog/instrument/http"
	ttlogredis "github.com/ttlog/ttlog/instrument/redis"
	ttlogsql "github.com/ttlog/ttlog/instrument/sql"
)

// serviceArg makes the bench binary a service: serviceArg, the kind, the
// instrumentation, a folder of its own, the addresses of Redis and of the
// discarding collector.
const serviceArg = "adopt-service"

// How a service is instrumented.
const (
	bare  = "bare"
	ours  = "ttlog"
	peers = "peers"
)

// service is what one process of the measurement serves.
type service struct {
	instrumentation string
	dir             string
	redis           string
	collector       string
	cleanup         []func(context.Context) error
}

// Serving reports whether this process was started as a service, after having
// served until its standard input ended.
func Serving() (bool, error) {
	if len(os.Args) != 7 || os.Args[1] != serviceArg {
		return false, nil
	}
	s := &service{instrumentation: os.Args[3], dir: os.Args[4], redis: os.Args[5], collector: os.Args[6]}
	return true, s.run(context.Background(), os.Args[2])
}

// run serves, and tells the processor time used so far for each line that it
// reads: the second time everything recorded has to be where it belongs.
func (s *service) run(ctx context.Context, kind string) error {
	if err := s.start(ctx); err != nil {
		return err
	}
	build := map[string]func(context.Context) (http.Handler, error){"gin": s.ginSQLite, "chi": s.chiRedis}[kind]
	h, err := build(ctx)
	if err != nil {
		return err
	}
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: h}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	fmt.Println(ln.Addr())
	lines := bufio.NewScanner(os.Stdin)
	for first := true; lines.Scan(); first = false {
		if !first {
			for _, f := range s.cleanup {
				err = errors.Join(err, f(ctx))
			}
		}
		fmt.Println(cpuTime().Nanoseconds())
	}
	return errors.Join(err, srv.Close(), ignoreClosed(<-served))
}

func ignoreClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// start sets up the SDK: traces and metrics on both sides.
func (s *service) start(ctx context.Context) error {
	switch s.instrumentation {
	case ours:
		shutdown, err := ttlog.Start(ctx, ttlog.WithService("shop"), ttlog.WithDataDir(filepath.Join(s.dir, "data")))
		s.cleanup = append(s.cleanup, shutdown)
		return err
	case peers:
		spans, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpoint(s.collector), otlptracehttp.WithInsecure())
		if err != nil {
			return err
		}
		metrics, err := otlpmetrichttp.New(ctx, otlpmetrichttp.WithEndpoint(s.collector), otlpmetrichttp.WithInsecure())
		if err != nil {
			return err
		}
		// Blocking: a span that is dropped costs nothing, and is not there.
		tp := sdktrace.NewTracerProvider(sdktrace.WithBatcher(spans, sdktrace.WithBlocking()))
		mp := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewPeriodicReader(metrics)))
		otel.SetTracerProvider(tp)
		otel.SetMeterProvider(mp)
		otel.SetTextMapPropagator(propagation.TraceContext{})
		s.cleanup = append(s.cleanup, tp.Shutdown, mp.Shutdown)
	}
	return nil
}

// ginSQLite reads an order and its items from a file of SQLite.
func (s *service) ginSQLite(ctx context.Context) (http.Handler, error) {
	dsn := "file:" + filepath.Join(s.dir, "shop.db") + "?_pragma=journal_mode(WAL)"
	open := map[string]func() (*sql.DB, error){
		bare:  func() (*sql.DB, error) { return sql.Open("sqlite", dsn) },
		ours:  func() (*sql.DB, error) { return ttlogsql.Open("sqlite", dsn) },
		peers: func() (*sql.DB, error) { return otelsql.Open("sqlite", dsn) },
	}
	db, err := open[s.instrumentation]()
	if err != nil {
		return nil, err
	}
	for _, q := range []string{
		"CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT)", "CREATE TABLE items (order_id INTEGER, sku TEXT)",
		"CREATE INDEX items_order ON items (order_id)",
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) INSERT INTO orders SELECT i, 'c' || i FROM n",
		"INSERT INTO items SELECT id, 'sku' || id FROM orders",
	} {
		if _, err := db.ExecContext(ctx, q); err != nil {
			return nil, err
		}
	}
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	switch s.instrumentation {
	case ours:
		router.Use(ttloggin.Middleware())
	case peers:
		router.Use(otelgin.Middleware("shop"))
	}
	router.GET("/orders/:id", func(c *gin.Context) {
		ctx := c.Request.Context()
		id, err := strconv.Atoi(c.Param("id"))
		var customer, sku string
		if err == nil {
			err = db.QueryRowContext(ctx, "SELECT customer FROM orders WHERE id = ?", id).Scan(&customer)
		}
		if err == nil {
			err = db.QueryRowContext(ctx, "SELECT sku FROM items WHERE order_id = ?", id).Scan(&sku)
		}
		if err != nil {
			c.String(http.StatusInternalServerError, err.Error())
			return
		}
		c.JSON(http.StatusOK, gin.H{"id": id, "customer": customer, "sku": sku})
	})
	return router, nil
}

// chiRedis reads a value from Redis and counts the request there.
func (s *service) chiRedis(ctx context.Context) (http.Handler, error) {
	rdb := redis.NewClient(&redis.Options{Addr: s.redis})
	router := chi.NewRouter()
	switch s.instrumentation {
	case ours:
		if err := ttlogredis.Instrument(rdb); err != nil {
			return nil, err
		}
		router.Use(ttloghttp.Middleware())
	case peers:
		if err := errors.Join(redisotel.InstrumentTracing(rdb), redisotel.InstrumentMetrics(rdb)); err != nil {
			return nil, err
		}
		router.Use(otelhttp.NewMiddleware("shop"))
	}
	for i := range 1000 {
		if err := rdb.Set(ctx, fmt.Sprint("order:", i+1), "sold", 0).Err(); err != nil {
			return nil, err
		}
	}
	router.Get("/orders/{id}", func(w http.ResponseWriter, r *http.Request) {
		value, err := rdb.Get(r.Context(), "order:"+chi.URLParam(r, "id")).Result()
		if err == nil {
			err = rdb.Incr(r.Context(), "requests").Err()
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprint(w, value)
	})
	return router, nil
}
