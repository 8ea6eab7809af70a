package service_test

import (
	"context"
	"log"
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/redis/go-redis/v9"
	_ "modernc.org/sqlite"

	"github.com/ttlog/ttlog"
	ttloggin "github.com/ttlog/ttlog/instrument/gin"
	ttloghttp "github.com/ttlog/ttlog/instrument/http"
	ttlogredis "github.com/ttlog/ttlog/instrument/redis"
	ttlogsqlx "github.com/ttlog/ttlog/instrument/sqlx"
)

// The whole of it: start ttlog, wrap what the service uses, and mount the query
// API where operators get. This is the README's example.
func Example() {
	if err := serve(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func serve(ctx context.Context) error {
	shutdown, err := ttlog.Start(ctx, ttlog.WithService("shop"), ttlog.WithSlog())
	if err != nil {
		return err
	}
	defer shutdown(context.WithoutCancel(ctx))

	db, err := ttlogsqlx.Connect(ctx, "sqlite", "shop.db") // *sqlx.DB; instrument/sql for database/sql alone
	if err != nil {
		return err
	}
	defer db.Close()
	rdb := redis.NewClient(&redis.Options{Addr: "127.0.0.1:6379"})
	if err := ttlogredis.InstrumentTracing(rdb); err != nil {
		return err
	}
	client := &http.Client{Transport: ttloghttp.NewTransport(nil)}

	router := gin.New()
	router.Use(ttloggin.Middleware())
	router.GET("/stock", func(c *gin.Context) {
		slog.InfoContext(c.Request.Context(), "asked for the stock")
		_, _, _ = db, rdb, client // queries, commands and calls with this context become child spans
	})
	router.Any("/telemetry/*call", gin.WrapH(http.StripPrefix("/telemetry", ttlog.Handler())))
	return router.Run("127.0.0.1:8080")
}
