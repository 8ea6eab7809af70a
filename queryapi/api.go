package queryapi

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/ttlog/ttlog/query"
	"github.com/ttlog/ttlog/queryapi/internal/documents"
	"github.com/ttlog/ttlog/stream"
)

// Traces finds whole traces. *storage.Store is one.
type Traces interface {
	// ReadTrace calls emit with the spans of a trace in pieces, each an OTLP
	// TracesData message that is valid during the call. Its error wraps
	// storage.ErrNotFound where there are none.
	ReadTrace(ctx context.Context, id [16]byte, emit func(piece []byte) error) error
}

// Options says what the API serves. Source and Traces are needed; a call whose
// part is missing answers 404.
type Options struct {
	Source query.Source
	Traces Traces
	// Tail feeds /api/v1/tail.
	Tail *stream.Hub
	// Query tunes the engine.
	Query query.Options
	// Formats are offered beside JSON, NDJSON and CSV; the client chooses by
	// Accept.
	Formats []Format
	// Status returns what /api/v1/status answers, as a value for JSON.
	Status func() any
	// Ready returns why /readyz should answer 503; nil means always ready.
	Ready func() error
	// Metrics serves /metrics.
	Metrics http.Handler
	// OTLP serves /v1/traces, /v1/logs and /v1/metrics. It gets what Guard would
	// refuse as well: its errors have a form of their own.
	OTLP http.Handler
	// Documents is the folder for what people keep: dashboards, queries, what is
	// resolved. It is made with the first of them. Empty means that the calls
	// for them answer 404.
	Documents string
	// Delete deletes rows for POST /api/v1/delete. Whoever may query may delete
	// then, but for the pages of other origins. nil is for nobody.
	Delete query.Deleter
	// Guard keeps the web pages of others out; nil is that of NewGuard without
	// options.
	Guard *Guard
	// Logger gets what went wrong on our side; nil discards.
	Logger *slog.Logger
	// UI serves the interface for browsers, package web's: whatever is no call of
	// the API. nil is none.
	UI http.Handler
}

// api holds what the handlers share. It is immutable, but for shutdowns and what
// is in the folder of documents.
type api struct {
	Options
	engine    *query.Engine
	inner     *query.Engine // whose rows do not reach the client: any number of them, without waiting
	formats   []Format
	shutdowns shutdowns
	resolved  *documents.Folder // nil without Options.Documents
}

// otlpPaths is the pattern of the calls that Options.OTLP answers.
const otlpPaths = "/v1/"

// New returns the handler of the API.
func New(o Options) http.Handler {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Guard == nil {
		o.Guard, _ = NewGuard(GuardOptions{}) // its errors are about what is not there
	}
	engine := query.New(o.Source, o.Query)
	a := &api{
		Options: o,
		engine:  engine,
		inner:   engine.AllRows().AsIs(), // which knows the groups that the other keeps
		formats: append([]Format{jsonFormat{}, ndjsonFormat{}, csvFormat{}}, o.Formats...),
	}
	mux := http.NewServeMux()
	for pattern, h := range a.routes() {
		mux.Handle(pattern, h)
	}
	return a.front(mux)
}

// routes returns the handlers by their patterns.
func (a *api) routes() map[string]http.Handler {
	routes := map[string]http.Handler{
		"POST /api/v1/query":                            takes(a.query, "tz"),
		"GET /api/v1/traces/{trace_id}":                 takes(a.trace),
		"GET /api/v1/traces/{trace_id}/columns":         takes(a.traceColumns),
		"GET /api/v1/traces/{trace_id}/spans/{span_id}": takes(a.span),
		"GET /api/v1/openapi.json":                      takes(a.openAPI),
		"GET /healthz":                                  http.HandlerFunc(a.healthz),
		"GET /readyz":                                   http.HandlerFunc(a.readyz),
	}
	for pattern, call := range looks {
		routes[pattern] = a.looks(call.answer, call.params...)
	}
	if a.Documents != "" {
		a.keep(routes)
	}
	if a.Tail != nil {
		routes["GET /api/v1/tail"] = takes(a.tail, "signal", "service", "level", "where", "tz")
	}
	if a.Delete != nil {
		routes["POST /api/v1/delete"] = takes(a.ownOrigin(a.remove))
	}
	if a.Status != nil {
		routes["GET /api/v1/status"] = takes(a.status)
	}
	if a.Metrics != nil {
		routes["GET /metrics"] = a.Metrics
	}
	if a.OTLP != nil {
		routes[otlpPaths] = a.OTLP
	}
	return routes
}

// looks are the calls that look at telemetry and answer with one value, and the
// parameters that they take.
var looks = map[string]struct {
	answer func(l *look) (any, error)
	params []string
}{
	"GET /api/v1/services":        {services, with("buckets", "limit", "offset")},
	"GET /api/v1/services/{name}": {serviceCall, []string{"from", "to", "where", "buckets", "limit"}},
	"GET /api/v1/operations":      {operations, with("limit", "offset")},
	"GET /api/v1/red":             {redCall, with("by", "buckets", "limit")},
	"GET /api/v1/histogram":       {histogram, with("signal", "by", "buckets", "limit")},
	"GET /api/v1/heatmap":         {heatmap, with("buckets", "levels")},
	"GET /api/v1/facets":          {facets, with("signal", "keys", "limit")},
	"GET /api/v1/fields":          {fields, with("signal", "prefix", "limit")},
	"GET /api/v1/values":          {values, with("signal", "key", "prefix", "limit")},
	"GET /api/v1/compare":         {compare, with("signal", "selection", "against", "limit")},
	"GET /api/v1/errors":          {issues, with("signal", "state", "buckets", "limit")},
	"GET /api/v1/graph":           {graphCall, with("limit")},
	"GET /api/v1/patterns":        {patterns, with("limit")},
	"GET /api/v1/metrics":         {metrics, []string{"service", "where", "from", "to", "prefix", "type", "unit", "limit", "offset"}},
	"GET /api/v1/series":          {seriesCall, with("metric", "of", "by", "buckets", "limit")},
	"GET /api/v1/context":         {logContext, []string{"timestamp", "service", "instance", "where", "before", "after"}},
}
