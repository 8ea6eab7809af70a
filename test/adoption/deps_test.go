package adoption_test

import (
	"os/exec"
	"strings"
	"testing"
)

// root is the path of the module that an application requires first.
const root = "github.com/ttlog/ttlog"

// TestDependencies_OfAnApplication asserts what a program pulls in that uses
// ttlog and one instrumentation: no other framework, no receiver, no command
// line.
func TestDependencies_OfAnApplication(t *testing.T) {
	for instrumentation, own := range map[string]string{
		"instrument/http":  "net/http",
		"instrument/gin":   "github.com/gin-gonic/",
		"instrument/sql":   "database/sql",
		"instrument/sqlx":  "github.com/jmoiron/sqlx",
		"instrument/redis": "github.com/redis/",

		"instrument/compat/otelhttp":  "net/http",
		"instrument/compat/otelgin":   "github.com/gin-gonic/",
		"instrument/compat/otelsql":   "database/sql",
		"instrument/compat/redisotel": "github.com/redis/",
	} {
		out, err := exec.Command("go", "list", "-deps", root, root+"/"+instrumentation).Output()
		if err != nil {
			t.Fatal(err)
		}
		for _, foreign := range []string{
			"github.com/gin-gonic/", "github.com/jmoiron/sqlx", "github.com/redis/", "modernc.org/", "github.com/alicebob/",
			"github.com/spf13/", "github.com/apache/arrow-go", "github.com/prometheus/client_golang",
			"github.com/ttlog/ttlog/receiver", "github.com/ttlog/ttlog/cmd/", "testing",
		} {
			if foreign == own {
				continue
			}
			for dep := range strings.Lines(string(out)) {
				if dep = strings.TrimSpace(dep); dep == foreign || strings.HasSuffix(foreign, "/") && strings.HasPrefix(dep, foreign) ||
					strings.HasPrefix(dep, foreign+"/") && foreign != "testing" {
					t.Errorf("an application with %s pulls in %s", instrumentation, dep)
				}
			}
		}
	}
}

// TestDependencies_OfInstrumentation asserts that instrumentation alone brings
// the OpenTelemetry API and nothing of the SDK or of ttlog's core.
func TestDependencies_OfInstrumentation(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps",
		root+"/instrument/http", root+"/instrument/gin", root+"/instrument/sql", root+"/instrument/sqlx", root+"/instrument/redis",
		root+"/instrument/compat/otelhttp/filters", root+"/instrument/compat/otelgin", root+"/instrument/compat/otelsql",
		root+"/instrument/compat/redisotel").Output()
	if err != nil {
		t.Fatal(err)
	}
	for dep := range strings.Lines(string(out)) {
		dep = strings.TrimSpace(dep)
		own := strings.HasPrefix(dep, "github.com/ttlog/ttlog") && !strings.HasPrefix(dep, "github.com/ttlog/ttlog/instrument/") &&
			dep != "github.com/ttlog/ttlog/internal/guard"
		if own || strings.HasPrefix(dep, "go.opentelemetry.io/otel/sdk") {
			t.Errorf("instrumentation pulls in %s", dep)
		}
	}
}
