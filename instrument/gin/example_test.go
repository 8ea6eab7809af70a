package ttloggin_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/gin-gonic/gin"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	ttloggin "github.com/ttlog/ttlog/instrument/gin"
)

func ExampleMiddleware() {
	// Any SDK will do; without the option the global provider is used.
	spans := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))

	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.Use(ttloggin.Middleware(ttloggin.WithTracerProvider(provider)), gin.Recovery())
	engine.GET("/users/:id", func(c *gin.Context) { c.String(200, "user %s", c.Param("id")) })

	w := httptest.NewRecorder()
	engine.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/users/7", nil))
	fmt.Println(w.Body)
	fmt.Println(spans.Ended()[0].Name())
	// Output:
	// user 7
	// GET /users/:id
}
