package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/gin-gonic/gin"
	"github.com/jmoiron/sqlx"
	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	_ "modernc.org/sqlite" // the pure Go driver

	ttloggin "github.com/ttlog/ttlog/instrument/gin"
	ttloghttp "github.com/ttlog/ttlog/instrument/http"
	ttlogredis "github.com/ttlog/ttlog/instrument/redis"
	ttlogsqlx "github.com/ttlog/ttlog/instrument/sqlx"
)

// shop is the service.
type shop struct {
	url    string
	db     *sqlx.DB
	cache  *redis.Client
	client *http.Client
	orders metric.Int64Counter
	server *http.Server
	redis  *miniredis.Miniredis // nil where a real server was found
}

// product is a row of the products table.
type product struct {
	ID    int    `db:"id"    json:"id"`
	Name  string `db:"name"  json:"name"`
	Cents int    `db:"cents" json:"cents"`
	Stock int    `db:"stock" json:"stock"`
}

func openShop(ctx context.Context) (s *shop, err error) {
	s = &shop{client: &http.Client{Transport: ttloghttp.NewTransport(nil), Timeout: 10 * time.Second}}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if err := s.openCache(ctx); err != nil {
		return s, err
	}
	if err := s.openDatabase(ctx); err != nil {
		return s, err
	}
	s.orders, err = otel.Meter("shop").Int64Counter("shop.orders", metric.WithDescription("Orders taken."), metric.WithUnit("{order}"))
	if err != nil {
		return s, err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return s, err
	}
	s.url = "http://" + ln.Addr().String()
	s.server = &http.Server{Handler: s.router(), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = s.server.Serve(ln) }()
	return s, nil
}

// openCache uses the Redis server at REDIS_ADDR, or one inside this process.
func (s *shop) openCache(ctx context.Context) error {
	addr := setting("REDIS_ADDR", "127.0.0.1:6379")
	if conn, err := (&net.Dialer{Timeout: 300 * time.Millisecond}).DialContext(ctx, "tcp", addr); err == nil {
		_ = conn.Close()
		fmt.Println("Redis: the server at", addr)
	} else {
		fmt.Println("Redis: no server at", addr+", so the one inside this process is used")
		s.redis = miniredis.NewMiniRedis()
		if err := s.redis.Start(); err != nil {
			return err
		}
		addr = s.redis.Addr()
	}
	s.cache = redis.NewClient(&redis.Options{Addr: addr})
	return ttlogredis.Instrument(s.cache)
}

func (s *shop) openDatabase(ctx context.Context) (err error) {
	if s.db, err = ttlogsqlx.Connect(ctx, "sqlite", "file:shop?mode=memory&cache=shared"); err != nil {
		return err
	}
	s.db.SetMaxOpenConns(1) // a database in memory lives as long as its connection
	if _, err := s.db.ExecContext(ctx, `CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT, cents INTEGER, stock INTEGER)`); err != nil {
		return err
	}
	for id, name := range []string{"teapot", "kettle", "cup", "saucer", "spoon", "sugar bowl", "milk jug", "tray"} {
		if _, err := s.db.ExecContext(ctx, `INSERT INTO products VALUES (?, ?, ?, ?)`, id+1, name, 350*(id+1), 1000); err != nil {
			return err
		}
	}
	return nil
}

func (s *shop) router() http.Handler {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.Use(ttloggin.Middleware(), gin.Recovery())
	r.GET("/products/:id", s.getProduct)
	r.POST("/orders/:id", s.postOrder)
	return r
}

// getProduct answers from the cache, else from the database.
func (s *shop) getProduct(c *gin.Context) {
	ctx, key := c.Request.Context(), "product:"+c.Param("id")
	if text, err := s.cache.Get(ctx, key).Bytes(); err == nil {
		c.Data(http.StatusOK, "application/json", text)
		return
	}
	var p product
	err := s.db.GetContext(ctx, &p, `SELECT id, name, cents, stock FROM products WHERE id = ?`, c.Param("id"))
	if errors.Is(err, sql.ErrNoRows) {
		slog.WarnContext(ctx, "no such product", "product", c.Param("id"))
		c.Status(http.StatusNotFound)
		return
	}
	if err != nil {
		s.fail(c, err)
		return
	}
	text, err := json.Marshal(p)
	if err != nil {
		s.fail(c, err)
		return
	}
	if err := s.cache.Set(ctx, key, text, time.Second).Err(); err != nil {
		slog.ErrorContext(ctx, "cannot cache a product", "error", err)
	}
	c.Data(http.StatusOK, "application/json", text)
}

// postOrder asks the shop itself, over HTTP, for the product, and takes one.
func (s *shop) postOrder(c *gin.Context) {
	ctx := c.Request.Context()
	p, err := s.fetchProduct(ctx, c.Param("id"))
	if err != nil {
		s.fail(c, err)
		return
	}
	if p.ID%7 == 0 {
		s.fail(c, fmt.Errorf("the %s broke on the way", p.Name))
		return
	}
	if _, err := s.db.ExecContext(ctx, `UPDATE products SET stock = stock - 1 WHERE id = ?`, p.ID); err != nil {
		s.fail(c, err)
		return
	}
	s.orders.Add(ctx, 1)
	slog.InfoContext(ctx, "order taken", "product", p.Name, "cents", p.Cents)
	c.JSON(http.StatusCreated, p)
}

func (s *shop) fetchProduct(ctx context.Context, id string) (p product, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/products/"+id, nil)
	if err != nil {
		return p, err
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return p, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return p, errors.New("product " + id + ": status " + strconv.Itoa(resp.StatusCode))
	}
	return p, json.NewDecoder(resp.Body).Decode(&p)
}

func (s *shop) fail(c *gin.Context, err error) {
	slog.ErrorContext(c.Request.Context(), "request failed", "error", err)
	c.JSON(http.StatusInternalServerError, gin.H{"error": err.Error()})
}

// close stops what was started.
func (s *shop) close() error {
	var err error
	if s.server != nil {
		err = errors.Join(err, s.server.Close())
	}
	if s.db != nil {
		err = errors.Join(err, s.db.Close())
	}
	if s.cache != nil {
		err = errors.Join(err, s.cache.Close())
	}
	if s.redis != nil {
		s.redis.Close()
	}
	return err
}
