package testservers_test

import (
	"context"
	"database/sql"
	"os"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/redis/go-redis/v9"

	"github.com/ttlog/ttlog/internal/testservers"
)

func TestMain(m *testing.M) { os.Exit(testservers.Run(m)) }

func TestRedis_Serves(t *testing.T) {
	c := redis.NewClient(&redis.Options{Addr: testservers.Redis(t)})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	defer c.Close()
	if err := c.Set(ctx, "k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if testservers.Redis(t) != c.Options().Addr {
		t.Error("a second call started another server")
	}
}

func TestSQL_Serves(t *testing.T) {
	for driver, start := range map[string]func(testing.TB) string{"pgx": testservers.PostgreSQL, "mysql": testservers.MariaDB} {
		t.Run(driver, func(t *testing.T) {
			dsn := start(t)
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			db, err := sql.Open(driver, dsn)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if _, err := db.ExecContext(ctx, "CREATE TEMPORARY TABLE t (a int)"); err != nil {
				t.Fatal(err)
			}
		})
	}
}
