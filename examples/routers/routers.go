package routers

import (
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"
	"github.com/gorilla/mux"
	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"github.com/labstack/echo/v4"

	ttloghttp "github.com/ttlog/ttlog/instrument/http"
)

// Chi instruments a chi router. Since v5.2.5 chi sets [http.Request.Pattern]
// and needs no WithRoute.
func Chi() *chi.Mux {
	r := chi.NewRouter()
	r.Use(ttloghttp.Middleware(ttloghttp.WithRoute(func(r *http.Request) string {
		return chi.RouteContext(r.Context()).RoutePattern()
	})))
	return r
}

// Gorilla instruments a gorilla/mux router: its middleware runs when the route
// is known already.
func Gorilla() *mux.Router {
	r := mux.NewRouter()
	r.Use(ttloghttp.Middleware(ttloghttp.WithRoute(func(r *http.Request) string {
		if route := mux.CurrentRoute(r); route != nil {
			if template, err := route.GetPathTemplate(); err == nil {
				return template
			}
		}
		return ""
	})))
	return r
}

// Echo instruments an echo server. An error of a handler is answered before the
// span ends, so that it has the status of the answer.
func Echo() *echo.Echo {
	e := echo.New()
	e.Use(echo.WrapMiddleware(ttloghttp.Middleware()), func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			ttloghttp.SetRoute(c.Request().Context(), c.Path())
			if err := next(c); err != nil {
				c.Error(err)
			}
			return nil
		}
	})
	return e
}

// Gateway instruments the ServeMux of grpc-gateway.
func Gateway() (http.Handler, *runtime.ServeMux) {
	gateway := runtime.NewServeMux(runtime.WithMiddlewares(func(next runtime.HandlerFunc) runtime.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request, params map[string]string) {
			if pattern, ok := runtime.HTTPPattern(r.Context()); ok {
				// A plain {id} is {id=*} in its words.
				ttloghttp.SetRoute(r.Context(), strings.ReplaceAll(pattern.String(), "=*}", "}"))
			}
			next(w, r, params)
		}
	}))
	return ttloghttp.NewHandler(gateway), gateway
}

// Nested instruments muxes within a mux: the innermost match counts, after what
// the outer one matched of the path.
func Nested(users *http.ServeMux) http.Handler {
	outer := http.NewServeMux()
	outer.Handle("/v1/", http.StripPrefix("/v1", ttloghttp.Routes(users)))
	return ttloghttp.NewHandler(outer)
}
