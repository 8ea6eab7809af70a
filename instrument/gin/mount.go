package ttloggin

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

// Mount registers a handler of telemetry, such as ttlog.Handler(), below a prefix
// of a router or a group of one, for the methods that it has: GET, HEAD and POST.
// Others, such as the OPTIONS of CORS, stay the application's. The handler gets
// the path behind the prefix. What the router's middleware demands, such as a
// session, is demanded of it as well.
func Mount(router gin.IRoutes, prefix string, h http.Handler) {
	serve := func(c *gin.Context) {
		r := c.Request.WithContext(c.Request.Context())
		u := *r.URL
		u.Path, u.RawPath = c.Param("call"), ""
		r.URL = &u
		h.ServeHTTP(c.Writer, r)
	}
	path := strings.TrimSuffix("/"+strings.Trim(prefix, "/"), "/") + "/*call"
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
		router.Handle(method, path, serve)
	}
}
