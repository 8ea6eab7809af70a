package ttlog

import (
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"

	ttloghttp "github.com/ttlog/ttlog/instrument/http"
	"github.com/ttlog/ttlog/internal/datadir"
	"github.com/ttlog/ttlog/processor"
	"github.com/ttlog/ttlog/query"
	"github.com/ttlog/ttlog/query/spill"
	"github.com/ttlog/ttlog/queryapi"
	"github.com/ttlog/ttlog/web"
)

// current is the query API of the running instance, nil where none runs.
var current atomic.Pointer[http.Handler]

// HandlerOption configures [Handler] and [Mount].
type HandlerOption interface{ apply(h *handler) }

type handlerOptionFunc func(*handler)

func (f handlerOptionFunc) apply(h *handler) { f(h) }

// Allow opens the query API to the requests that allowed returns true for, in
// place of those from this host. Whoever is let in sees everything that is
// recorded: look for the session of an operator, or a secret of your own.
func Allow(allowed func(r *http.Request) bool) HandlerOption {
	return handlerOptionFunc(func(h *handler) {
		if allowed != nil {
			h.allowed, h.opened = allowed, true
		}
	})
}

// Handler returns the query API over what this process records, to be mounted in
// the application's own router below a prefix: with [Mount] in a
// [http.ServeMux], with [github.com/ttlog/ttlog/instrument/gin.Mount] in gin, and
// with http.StripPrefix and the methods GET, HEAD, POST, PUT and DELETE elsewhere.
// Before Start and after shutdown it answers 503.
//
// It shows everything to everyone it answers, so it answers clients on this host
// only, until [Allow] says otherwise: the connection and the Host header have to
// be of the loopback interface, and no header may tell of a proxy on the way
// (Forwarded, X-Forwarded-For and their like, Via). A proxy on this host that
// adds none of them and puts its own address in place of the Host looks like a
// client on this host: let it not pass the prefix on.
//
// The instrumented handler around it, of ttloghttp or ttloggin, does not record
// the requests that it serves.
func Handler(opts ...HandlerOption) http.Handler {
	h := &handler{allowed: fromThisHost}
	for _, o := range opts {
		if o != nil {
			o.apply(h)
		}
	}
	return ttloghttp.Untraced(h)
}

// Mount registers [Handler] below a prefix, such as /telemetry, for the methods
// that it has: GET, HEAD, POST, PUT and DELETE. Others, such as the OPTIONS of
// CORS, stay the application's.
func Mount(mux *http.ServeMux, prefix string, opts ...HandlerOption) {
	prefix = "/" + strings.Trim(prefix, "/")
	h := http.StripPrefix(strings.TrimSuffix(prefix, "/"), Handler(opts...))
	below := strings.TrimSuffix(prefix, "/") + "/"
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} { // GET is HEAD as well
		mux.Handle(method+" "+below, h)
	}
}

// handler guards the query API. It is immutable.
type handler struct {
	allowed func(*http.Request) bool
	opened  bool // by Allow
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	api := current.Load()
	switch {
	case !h.allowed(r) && h.opened:
		refuse(w, http.StatusForbidden, "this request is not allowed to see the telemetry")
	case !h.allowed(r):
		refuse(w, http.StatusForbidden, "the telemetry is shown to clients on this host only; ttlog.Allow opens it to others")
	case api == nil:
		refuse(w, http.StatusServiceUnavailable, "ttlog is not started")
	default:
		(*api).ServeHTTP(w, r)
	}
}

// refuse answers with a problem document, as the API behind it does.
func refuse(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"title": http.StatusText(status), "status": status, "detail": detail})
}

// forwarding are the headers by which a proxy tells whom it asks for.
var forwarding = []string{
	"Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Server",
	"X-Real-Ip", "X-Client-Ip", "X-Cluster-Client-Ip", "True-Client-Ip", "Cf-Connecting-Ip", "Fly-Client-Ip", "X-Envoy-External-Address",
}

// fromThisHost tells whether a request was made on this host. The Host header is
// looked at as well, since a page of anybody's may let its own name lead to the
// loopback interface and have a browser on this host ask.
func fromThisHost(r *http.Request) bool {
	for _, name := range forwarding {
		if _, ok := r.Header[name]; ok {
			return false
		}
	}
	return loopback(r.RemoteAddr) && loopback(r.Host)
}

// loopback tells whether an address, with or without a port, is of the loopback
// interface.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = strings.Trim(address, "[]")
	}
	if strings.EqualFold(strings.TrimSuffix(host, "."), "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// status is that of the data directory and what became of the records on their
// way to it.
type status struct {
	datadir.Status
	Processors map[string]processor.Stats `json:"processors"`
}

// spillSpace is the disk of queries that exceed their memory, nil for none.
func (in *instance) spillSpace() *spill.Space {
	if in.config.querySpillMax <= 0 {
		return nil
	}
	space, err := spill.Open(spill.Options{
		Dir: in.dir.Scratch(), MaxBytes: in.config.querySpillMax, Setting: "ttlog.WithQuerySpillMax", Room: in.dir.Room,
	})
	if err != nil {
		in.config.logger.Warn("what queries left on disk before a crash is still there", "error", err)
	}
	return space
}

func newHandler(in *instance) *http.Handler {
	d := in.dir
	// Whom the application lets in is for handler to say; a page of another
	// origin is none of them.
	guard, _ := queryapi.NewGuard(queryapi.GuardOptions{Hosts: []string{"*"}}) // there is no such thing as a bad "*"
	h := queryapi.New(queryapi.Options{
		Source: query.FromStore(d.Store),
		Traces: d.Store,
		Tail:   d.Tail,
		Ready:  d.Ready,
		Guard:  guard,
		UI:     web.Handler(),
		Query:  query.Options{Memory: in.memory, Spill: in.spillSpace(), CatchUp: d.Pipeline.CatchUp},

		Documents: d.Documents(),
		Status: func() any {
			return status{d.Status(), map[string]processor.Stats{"spans": in.spans.Stats(), "logs": in.records.Stats()}}
		},
	})
	return &h
}
