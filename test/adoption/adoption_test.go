package adoption_test

import (
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// old are the frameworks, drivers and clients of an application that has not
// been raised for a year.
var old = map[string]string{
	"github.com/gin-gonic/gin":            "v1.10.1",
	"github.com/go-sql-driver/mysql":      "v1.9.3",
	"github.com/jackc/pgx/v5":             "v5.7.6",
	"github.com/jmoiron/sqlx":             "v1.4.0",
	"github.com/prometheus/client_golang": "v1.23.2",
	"github.com/redis/go-redis/v9":        "v9.14.1",
	"github.com/stretchr/testify":         "v1.11.1",
	"google.golang.org/grpc":              "v1.76.0",
	"modernc.org/sqlite":                  "v1.39.1",
}

const (
	// shop is the application; what it compiles decides how its binary grows.
	shop = `package main

import (
	"log"

	"github.com/gin-gonic/gin"
	"github.com/redis/go-redis/v9"
)

func main() {
	router, rdb := gin.New(), redis.NewClient(&redis.Options{Addr: "127.0.0.1:6379"})
	adopt(router, rdb)
	router.GET("/", func(c *gin.Context) { c.String(200, rdb.Get(c.Request.Context(), "k").Val()) })
	log.Fatal(router.Run("127.0.0.1:8080"))
}
`
	// drivers has requirements that count, and is never built.
	drivers = `//go:build never_built

package main

import (
	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "github.com/jmoiron/sqlx"
	_ "github.com/prometheus/client_golang/prometheus"
	_ "github.com/stretchr/testify/assert"
	_ "google.golang.org/grpc"
	_ "modernc.org/sqlite"
)
`
	bare = `package main

func adopt(any, any) {}
`
	// openTelemetry is what any OpenTelemetry SDK of this version brings.
	openTelemetry = `package main

import (
	_ "go.opentelemetry.io/otel/log"
	_ "go.opentelemetry.io/otel/sdk/log"
	_ "go.opentelemetry.io/otel/sdk/metric"
	_ "go.opentelemetry.io/otel/sdk/trace"
)

func adopt(any, any) {}
`
	adopted = `package main

import (
	"context"
	"log"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/redis/go-redis/v9"

	"github.com/ttlog/ttlog"
	ttloggin "github.com/ttlog/ttlog/instrument/gin"
	ttloghttp "github.com/ttlog/ttlog/instrument/http"
	ttlogredis "github.com/ttlog/ttlog/instrument/redis"
	_ "github.com/ttlog/ttlog/instrument/sql"
	_ "github.com/ttlog/ttlog/instrument/sqlx"
)

func adopt(router *gin.Engine, rdb *redis.Client) {
	if _, err := ttlog.Start(context.Background(), ttlog.WithService("shop"), ttlog.WithSlog()); err != nil {
		log.Fatal(err)
	}
	if err := ttlogredis.Instrument(rdb); err != nil {
		log.Fatal(err)
	}
	http.DefaultClient.Transport = ttloghttp.NewTransport(nil)
	router.Use(ttloggin.Middleware())
	router.GET("/telemetry/*call", gin.WrapH(http.StripPrefix("/telemetry", ttlog.Handler())))
}
`
)

// TestAdoption_MovesNoVersion puts ttlog into an application with old
// frameworks and drivers. What an OpenTelemetry SDK of the version that ttlog
// needs moves is not ttlog's; beyond that nothing may move.
func TestAdoption_MovesNoVersion(t *testing.T) {
	if testing.Short() {
		t.Skip("resolves and builds three applications")
	}
	tc := released(t)
	before := tc.newApplication(t, old, shop, drivers, bare)
	after := with(old, root, tc.version)
	for _, m := range []string{"gin", "redis", "sqlx"} {
		after[root+"/instrument/"+m] = tc.version
	}
	adoptedApp := tc.newApplication(t, after, shop, drivers, adopted)
	was, is := before.requirements(t), adoptedApp.requirements(t)

	sdk := with(old, "go.opentelemetry.io/otel/sdk", is["go.opentelemetry.io/otel/sdk"])
	for _, m := range []string{"log", "sdk/log", "sdk/metric"} {
		sdk["go.opentelemetry.io/otel/"+m] = is["go.opentelemetry.io/otel/"+m]
	}
	withSDK := tc.newApplication(t, sdk, shop, drivers, openTelemetry).requirements(t)
	for _, path := range slices.Sorted(maps.Keys(was)) {
		if withSDK[path] != was[path] {
			t.Logf("OpenTelemetry moves %s from %s to %s", path, was[path], withSDK[path])
		}
		if _, needed := is[path]; needed && is[path] != withSDK[path] {
			t.Errorf("ttlog moves %s from %s to %s", path, withSDK[path], is[path])
		}
	}
	var added []string
	for _, path := range slices.Sorted(maps.Keys(is)) {
		if _, had := withSDK[path]; !had && !strings.HasPrefix(path, root) {
			added = append(added, path+" "+is[path])
		}
	}
	t.Logf("ttlog adds %d requirements beside OpenTelemetry's %d: %s", len(added), len(withSDK)-len(was), strings.Join(added, ", "))
	for _, a := range added {
		path, _, _ := strings.Cut(a, " ")
		if adoptedApp.run(t, adoptedApp.dir, "list", "-deps", "-f", `{{with .Module}}{{if eq .Path "`+path+`"}}x{{end}}{{end}}`, ".") == "" {
			t.Errorf("the application does not compile anything of %s", path)
		}
	}

	grown := adoptedApp.size(t) - before.size(t)
	t.Logf("the stripped binary grows by %.1f MB", float64(grown)/1e6)
	if grown > 12e6 { // pages and providers of our own included
		t.Errorf("the stripped binary grows by %d bytes, want at most 12 MB", grown)
	}
}

func with(m map[string]string, key, value string) map[string]string {
	m = maps.Clone(m)
	m[key] = value
	return m
}

// TestInstall_Command installs the command as the README says.
func TestInstall_Command(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the command")
	}
	tc := released(t)
	bin := t.TempDir()
	tc.env = append(tc.env, "GOBIN="+bin)
	tc.run(t, bin, "install", root+"/cmd/ttlog@"+tc.version)
	programs, err := filepath.Glob(filepath.Join(bin, "ttlog*"))
	if err != nil || len(programs) != 1 {
		t.Fatalf("installed %v, %v", programs, err)
	}
	out, err := exec.CommandContext(t.Context(), programs[0], "version").Output()
	if err != nil || !strings.HasPrefix(string(out), "ttlog "+tc.version+" ") {
		t.Errorf("got %q, %v; want version %s", out, err, tc.version)
	}
}
