// Command shop is a small instrumented service: gin in front, sqlx on SQLite
// and Redis behind, and an outgoing HTTP call to itself. It drives a bounded
// load through itself, stores its traces, metrics and logs in ./ttlog-data,
// asks three questions of them, and serves the query API and the pages until
// Ctrl-C.
//
// DEMO_ONCE=1 ends it after the queries. DEMO_DATA names another directory,
// DEMO_ADDR another address for the query API, REDIS_ADDR a Redis server.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/ttlog/ttlog"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "shop:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	// What the shop logs is for the store alone: the terminal shows the report.
	slog.SetDefault(slog.New(slog.DiscardHandler))
	shutdown, err := ttlog.Start(ctx,
		ttlog.WithService("shop"),
		ttlog.WithServiceVersion("1.0.0"),
		ttlog.WithDataDir(setting("DEMO_DATA", "./ttlog-data")),
		ttlog.WithMetricInterval(time.Second),
		ttlog.WithSlogLevel(slog.LevelInfo),
	)
	if err != nil {
		return err
	}
	// What was recorded up to now has to become durable even after Ctrl-C.
	defer func() { err = errors.Join(err, shutdown(context.WithoutCancel(ctx))) }()

	api, err := net.Listen("tcp", setting("DEMO_ADDR", "127.0.0.1:3000"))
	if err != nil {
		return fmt.Errorf("%w (DEMO_ADDR=127.0.0.1:0 takes a free port)", err)
	}
	server := &http.Server{Handler: ttlog.Handler(), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(api) }()
	defer server.Close()

	shop, err := openShop(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shop.close()) }()
	if err := drive(ctx, shop.url); err != nil {
		return err
	}
	url := "http://" + api.Addr().String()
	if err := report(ctx, url); err != nil {
		return err
	}
	if os.Getenv("DEMO_ONCE") != "" {
		return nil
	}
	fmt.Printf("\nAsk for yourself, until Ctrl-C:\n\n  curl %s/api/v1/query -d \"SELECT name, count(*) FROM spans GROUP BY name\"\n\nor look at it in a browser:\n\n  %s/\n", url, url)
	<-ctx.Done()
	return nil
}

// setting returns an environment variable or its default.
func setting(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}
