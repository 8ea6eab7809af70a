package ttloggin

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

// Mount registers a handler of telemetry, such as ttlog.Handler(), below a prefix
// of a router or a group of one, for the methods that it has: GET, HEAD, POST,
// PUT and DELETE. Others, such as the OPTIONS of CORS, stay the application's. The handler gets
// the path behind the prefix. What the router's middleware demands, such as a
// session, is demanded of it as well.
func Mount(router gin.IRoutes, prefix string, h http.Handler) {
	serve := func(c *gin.Context) {
		r := c.Request.WithContext(c.Request.Context())
		u := *r.URL
		u.Path, u.RawPath = c.Param("call"), rawBehind(r.URL.Path, r.URL.RawPath, c.Param("call"))
		r.URL = &u
		h.ServeHTTP(c.Writer, r)
	}
	path := strings.TrimSuffix("/"+strings.Trim(prefix, "/"), "/") + "/*call"
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete} {
		router.Handle(method, path, serve)
	}
}

// rawBehind returns the end of a path as it was sent, which is call where it is
// decoded: a name in it may hold a slash. It is "", which is for net/url to fill
// in, where the beginning was sent in another form than it is.
func rawBehind(path, raw, call string) string {
	if prefix, ok := strings.CutSuffix(path, call); ok {
		if behind, ok := strings.CutPrefix(raw, prefix); ok {
			return behind
		}
	}
	return ""
}
