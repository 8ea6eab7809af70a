package queryapi

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ttlog/ttlog/internal/idmap"
	"github.com/ttlog/ttlog/query"
)

// graphAnswer is what /api/v1/graph answers with.
type graphAnswer struct {
	Sampled   float64     `json:"sampled"`
	Unmatched int64       `json:"unmatched"`
	Nodes     []graphNode `json:"nodes"`
	Edges     []graphEdge `json:"edges"`
}

type graphNode struct {
	Service string `json:"service"`
	Kind    string `json:"kind"`
	Spans   int64  `json:"spans"`
	Errors  int64  `json:"errors"`
}

// graphEdge are the calls from one service to another.
type graphEdge struct {
	From   string `json:"from"`
	To     string `json:"to"`
	Kind   string `json:"kind"` // of the node it leads to
	Calls  int64  `json:"calls"`
	Errors int64  `json:"errors"`
	P50    *int64 `json:"p50"`
	P95    *int64 `json:"p95"`
	P99    *int64 `json:"p99"`
}

const (
	// maxGraphSpans is how many spans are joined with their parents. Of more, a
	// share of the traces is looked at.
	maxGraphSpans = 500_000
	// parentLead is how long before the range the parents of its spans may
	// have begun.
	parentLead = 10 * time.Minute
	// maxGraphEdges is how many edges there are at most.
	maxGraphEdges = 10_000
)

// graphCall answers with the services and who calls whom.
func graphCall(l *look) (any, error) {
	limit, err := l.number("limit", 1, maxGraphEdges, 1000)
	if err != nil {
		return nil, err
	}
	service := l.params.Get("service") // whose edges are wanted, not whose spans
	l.params.Del("service")
	called, err := l.selection("spans")
	if err != nil {
		return nil, err
	}
	g, err := l.graph(called, service)
	if err != nil {
		return nil, err
	}
	g.Edges = g.Edges[:min(len(g.Edges), limit)]
	return g, nil
}

// spanKey tells a span from all others: its id, mixed with that of its trace.
type spanKey uint64

func keyOf(trace, span string) spanKey {
	if len(trace) != 16 || len(span) != 8 {
		return 0
	}
	// Both halves, since senders count up in either; the factor keeps ids that
	// differ alike from meeting.
	high, low := binary.LittleEndian.Uint64([]byte(trace[:8])), binary.LittleEndian.Uint64([]byte(trace[8:]))
	return spanKey((high*0x9e3779b97f4a7c15^low)*0xff51afd7ed558ccd ^ binary.LittleEndian.Uint64([]byte(span)))
}

// graphBuilder joins spans with their parents.
type graphBuilder struct {
	stride  uint64 // one of so many traces is looked at
	names   []string
	numbers map[string]uint32
	parents *idmap.Map // of spanKeys to the service and one, and answered
	room    int        // how many spans may be learned
	last    lastSeen
	edges   map[edgeKey]*edgeStats
	nodes   map[string]*graphNode
	out     graphAnswer
}

// answered marks a span that has a child in another service.
const answered = 1 << 31

type edgeKey struct{ from, to, kind string }

// edgeStats are the calls of an edge, with how long they took.
type edgeStats struct {
	key           edgeKey
	calls, errors int64
	durations     durations
}

// graph joins the spans that were called with their parents: once to learn
// whose each span is, once to look its parent up. Of the edges those from or to
// a service are kept, all where it is "".
func (l *look) graph(called *selection, service string) (*graphAnswer, error) {
	g := &graphBuilder{
		stride: 1, numbers: map[string]uint32{},
		edges: map[edgeKey]*edgeStats{}, nodes: map[string]*graphNode{},
	}
	all := &selection{table: "spans", args: map[string]any{}, from: called.from, to: called.to}
	if !all.from.IsZero() {
		all.from = all.from.Add(-parentLead)
	}
	all.bound()
	rows, err := l.selectRows(all, "count(*)", "")
	if err != nil {
		return nil, err
	}
	total, _ := rows[0][0].(int64)
	if total > maxGraphSpans {
		g.stride = uint64((total + maxGraphSpans - 1) / maxGraphSpans)
	}
	// A sample has a few more or less than its share, and more come meanwhile.
	g.room = int(total/int64(g.stride))*9/8 + 1000
	if err := l.held.Grow(int64(g.room) * idmap.BytesPerID); err != nil {
		return nil, fmt.Errorf("%w by the spans of the service graph; a shorter range needs less", err)
	}
	g.parents = idmap.New(g.room)
	g.out.Sampled = 1 / float64(g.stride)
	if _, err = l.each(all.sql("trace_id, span_id, service", ""), all.args, func(b *query.Batch, i int) error {
		return g.learn(l, b, i)
	}); err != nil {
		return nil, err
	}
	if _, err = l.each(called.sql("trace_id, parent_span_id, service, duration, error", ""), called.args, g.call); err != nil {
		return nil, err
	}
	if err := l.outside(g, called); err != nil {
		return nil, err
	}
	return g.answer(service), nil
}

// learn takes trace_id, span_id, service.
func (g *graphBuilder) learn(l *look, b *query.Batch, i int) error {
	trace, _ := b.Text(i, 0)
	span, _ := b.Text(i, 1)
	if g.room == 0 || g.skips(trace) {
		return nil
	}
	g.room--
	service, _ := b.Text(i, 2)
	n, err := g.number(l, service)
	if err == nil {
		g.parents.Add(uint64(keyOf(trace, span)), n+1)
	}
	return err
}

// number returns the number of a service.
func (g *graphBuilder) number(l *look, service string) (uint32, error) {
	if g.last.numbered && g.names[g.last.number] == service {
		return g.last.number, nil
	}
	n, ok := g.numbers[service]
	if !ok {
		if err := l.held.Grow(int64(len(service)) + internBytes); err != nil {
			return 0, err
		}
		service = strings.Clone(service)
		n = uint32(len(g.names))
		g.numbers[service] = n
		g.names = append(g.names, service)
	}
	g.last.number, g.last.numbered = n, true
	return n, nil
}

// lastSeen is what the span before was about: parts have the spans of a service
// together, so the next is mostly about the same.
type lastSeen struct {
	number   uint32
	numbered bool
	nodeKind string
	node     *graphNode
	edgeKey  edgeKey
	edge     *edgeStats
}

// skips tells whether a trace is none of the sample.
func (g *graphBuilder) skips(trace string) bool {
	return g.stride > 1 && uint64(keyOf(trace, "\x00\x00\x00\x00\x00\x00\x00\x00"))>>20%g.stride != 0
}

// call takes trace_id, parent_span_id, service, duration, error.
func (g *graphBuilder) call(b *query.Batch, i int) error {
	trace, _ := b.Text(i, 0)
	if g.skips(trace) {
		return nil
	}
	service, _ := b.Text(i, 2)
	failed, _ := b.Int(i, 4)
	g.node(service, "service", failed)
	parent, ok := b.Text(i, 1)
	if !ok {
		return nil
	}
	key := keyOf(trace, parent)
	n := g.parents.Get(uint64(key))
	if n == 0 {
		g.out.Unmatched++
		return nil
	}
	if from := g.names[n&^answered-1]; from != service {
		g.parents.Set(uint64(key), n|answered)
		took, finished := b.Int(i, 3)
		g.edge(edgeKey{from, service, "service"}, took, finished, failed)
	}
	return nil
}

func (g *graphBuilder) node(service, kind string, failed int64) {
	n := g.last.node
	if n == nil || n.Service != service || g.last.nodeKind != kind {
		n = g.nodes[kind+service]
	}
	if n == nil {
		if len(g.nodes) == maxGraphEdges {
			return
		}
		n = &graphNode{Service: strings.Clone(service), Kind: kind}
		g.nodes[kind+n.Service] = n
	}
	n.Spans++
	n.Errors += failed
	g.last.node, g.last.nodeKind = n, kind
}

func (g *graphBuilder) edge(key edgeKey, took int64, finished bool, failed int64) {
	e := g.last.edge
	if e == nil || g.last.edgeKey != key {
		e = g.edges[key]
	}
	if e == nil {
		if len(g.edges) == maxGraphEdges {
			return
		}
		key.from, key.to = strings.Clone(key.from), strings.Clone(key.to)
		e = &edgeStats{key: key}
		g.edges[key] = e
	}
	g.last.edge, g.last.edgeKey = e, e.key
	e.calls++
	e.errors += failed
	if finished {
		e.durations.add(took)
	}
}

// peers are the attributes by which a client span names whom it calls, and what
// that is.
var peers = []struct{ key, kind string }{
	{`"peer.service"`, "external"},
	{`"db.system.name"`, "database"},
	{`"db.system"`, "database"},
	{`"messaging.system"`, "messaging"},
	{`"server.address"`, "external"},
}

// outside adds the calls that left what is recorded: those of spans that nobody
// answered.
func (l *look) outside(g *graphBuilder, called *selection) error {
	s := called.clone()
	items, some := "trace_id, span_id, service, duration, error", make([]string, len(peers))
	for i, p := range peers {
		items += ", attributes['" + strings.Trim(p.key, `"`) + "']::string"
		some[i] = "attributes['" + strings.Trim(p.key, `"`) + "'] IS NOT NULL"
	}
	s.and("kind IN ('client', 'producer')")
	s.and("(" + strings.Join(some, " OR ") + ")")
	_, err := l.each(s.sql(items, ""), s.args, func(b *query.Batch, i int) error {
		trace, _ := b.Text(i, 0)
		if g.skips(trace) {
			return nil
		}
		span, _ := b.Text(i, 1)
		if g.parents.Get(uint64(keyOf(trace, span)))&answered != 0 {
			return nil
		}
		from, _ := b.Text(i, 2)
		took, finished := b.Int(i, 3)
		failed, _ := b.Int(i, 4)
		for at, p := range peers {
			to, ok := b.Text(i, 5+at)
			if !ok {
				continue
			}
			if to != from { // a service whose client spans carry its own name
				g.node(to, p.kind, failed)
				g.edge(edgeKey{from, to, p.kind}, took, finished, failed)
			}
			break
		}
		return nil
	})
	return err
}

func (g *graphBuilder) answer(service string) *graphAnswer {
	out := &g.out
	out.Nodes, out.Edges = []graphNode{}, []graphEdge{}
	near := map[string]bool{}
	for key, e := range g.edges {
		if service != "" && key.from != service && key.to != service {
			continue
		}
		near[key.kind+key.to], near["service"+key.from] = true, true
		out.Edges = append(out.Edges, graphEdge{
			From: key.from, To: key.to, Kind: key.kind, Calls: e.calls, Errors: e.errors,
			P50: e.durations.quantile(0.5), P95: e.durations.quantile(0.95), P99: e.durations.quantile(0.99),
		})
	}
	for key, n := range g.nodes {
		if service == "" || near[key] || n.Service == service {
			out.Nodes = append(out.Nodes, *n)
		}
	}
	slices.SortFunc(out.Nodes, func(a, b graphNode) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(a.Kind, b.Kind))
	})
	slices.SortFunc(out.Edges, func(a, b graphEdge) int {
		return cmp.Or(cmp.Compare(b.Calls, a.Calls), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), cmp.Compare(a.Kind, b.Kind))
	})
	return out
}
