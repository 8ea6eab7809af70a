package service_test

import (
	"context"
	"errors"
	"log"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/redis/go-redis/v9"
	_ "modernc.org/sqlite"

	"github.com/ttlog/ttlog"
	ttloggin "github.com/ttlog/ttlog/instrument/gin"
	ttloghttp "github.com/ttlog/ttlog/instrument/http"
	ttlogredis "github.com/ttlog/ttlog/instrument/redis"
	ttlogsqlx "github.com/ttlog/ttlog/instrument/sqlx"
)

// The whole of it: start ttlog, wrap what the service uses, mount the query API,
// and end in order when the process is told to. This is the README's example.
func Example() {
	if err := serve(context.Background(), "127.0.0.1:8080"); err != nil {
		log.Fatal(err)
	}
}

func serve(ctx context.Context, addr string) (err error) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()

	shutdown, err := ttlog.Start(ctx, ttlog.WithService("shop"), ttlog.WithSlog())
	if err != nil {
		return err
	}
	// Deferred first, so that it comes last: it collects the metrics once more.
	defer func() { err = errors.Join(err, shutdown(context.WithoutCancel(ctx))) }()

	db, err := ttlogsqlx.Connect(ctx, "sqlite", "shop.db") // *sqlx.DB; instrument/sql for database/sql alone
	if err != nil {
		return err
	}
	defer db.Close()
	rdb := redis.NewClient(&redis.Options{Addr: "127.0.0.1:6379"})
	defer rdb.Close()
	if err := ttlogredis.InstrumentTracing(rdb); err != nil {
		return err
	}
	client := &http.Client{Transport: ttloghttp.NewTransport(nil)}

	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.Use(ttloggin.Middleware(), gin.Recovery())
	router.GET("/stock", func(c *gin.Context) {
		slog.InfoContext(c.Request.Context(), "asked for the stock")
		_, _, _ = db, rdb, client // queries, commands and calls with this context become child spans
	})
	ttloggin.Mount(router, "/telemetry", ttlog.Handler()) // for clients on this host; ttlog.Allow lets in others

	server := &http.Server{Addr: addr, Handler: router, ReadHeaderTimeout: 5 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.ListenAndServe() }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	// The requests under way are answered, then the database is closed, and what
	// all of that has recorded is stored.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return server.Shutdown(ctx)
}
