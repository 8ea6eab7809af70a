package testservers

import (
	"context"
	"database/sql"
	"os"
	"runtime"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/redis/go-redis/v9"
)

func TestMain(m *testing.M) { os.Exit(Run(m)) }

func TestRedis_Serves(t *testing.T) {
	c := redis.NewClient(&redis.Options{Addr: Redis(t)})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	defer c.Close()
	if err := c.Set(ctx, "k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if Redis(t) != c.Options().Addr {
		t.Error("a second call started another server")
	}
}

func TestSQL_Serves(t *testing.T) {
	for driver, start := range map[string]func(testing.TB) string{"pgx": PostgreSQL, "mysql": MariaDB} {
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

func TestNeed_MissingProgram(t *testing.T) {
	f := func(ci string, skips bool) {
		t.Helper()
		t.Setenv("CI", ci)
		rec := &recorder{TB: t}
		done := make(chan struct{})
		go func() {
			defer close(done)
			need(rec, "Nothing", "there-is-no-such-program")
		}()
		<-done
		if rec.skipped != skips || rec.failed == skips {
			t.Errorf("CI=%q: skipped %v, failed %v", ci, rec.skipped, rec.failed)
		}
	}
	f("", true)
	f("true", false)
}

// recorder notes how a test was ended, and ends the goroutine in its place.
type recorder struct {
	testing.TB
	skipped, failed bool
}

func (r *recorder) Helper() {}

func (r *recorder) Skip(...any) {
	r.skipped = true
	runtime.Goexit()
}

func (r *recorder) Fatal(...any) {
	r.failed = true
	runtime.Goexit()
}
