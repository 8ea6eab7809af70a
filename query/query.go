package query

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"time"

	"github.com/ttlog/ttlog/internal/membudget"
)

// Options are the knobs of an [Engine]. The zero value means the defaults.
type Options struct {
	// MaxMemoryBytes is what one query may hold for groups, sorting, sets and
	// sketches; reaching it fails the query. 0 means 256 MiB.
	MaxMemoryBytes int64
	// Memory is the budget of the process, which all queries share; nil is one
	// without a limit. A query takes ReserveBytes of it before it begins (0
	// means a sixth of what queries share, at most 32 MiB), or waits for them;
	// what it needs beyond them it may get or not. MaxMemoryBytes is half of
	// what queries share at most.
	Memory       *membudget.Budget
	ReserveBytes int64
	// MaxRows is how many rows one query may return; more fail the query. 0
	// means 1,000,000, below 0 means no limit.
	MaxRows int64
	// Timeout is how long one query may run. 0 means 30 s, below 0 no limit.
	Timeout time.Duration
	// Now is the clock behind now(). Nil means time.Now.
	Now func() time.Time
	// Parallel is how many goroutines work on one query. 0 means GOMAXPROCS.
	Parallel int
}

func (o Options) withDefaults() Options {
	if o.MaxMemoryBytes <= 0 {
		o.MaxMemoryBytes = 256 << 20
	}
	if o.Memory != nil {
		o.MaxMemoryBytes = min(o.MaxMemoryBytes, o.Memory.Pool()/2)
		if o.ReserveBytes <= 0 {
			o.ReserveBytes = min(o.Memory.Pool()/6, maxReserve)
		}
	}
	if o.MaxRows == 0 {
		o.MaxRows = 1_000_000
	}
	if o.MaxRows < 0 {
		o.MaxRows = math.MaxInt64 - 1
	}
	if o.Timeout == 0 {
		o.Timeout = 30 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Parallel <= 0 {
		o.Parallel = runtime.GOMAXPROCS(0)
	}
	return o
}

// frameBytes returns how much of a query's memory the blocks take that are
// worked on at once: what is left grows with what the query is about.
func (o Options) frameBytes() int64 {
	if o.Memory == nil {
		return o.MaxMemoryBytes / 2
	}
	return min(max(o.ReserveBytes, o.Memory.Pool()/16), o.MaxMemoryBytes/2)
}

// maxReserve bounds what a query reserves that nobody knows anything about yet.
const maxReserve = 32 << 20

// Engine runs queries over a [Source]. It is safe for concurrent use, holds
// nothing between queries, and need not be closed.
type Engine struct {
	src  Source
	o    Options
	zone *time.Location
}

// New returns an engine that reads src.
func New(src Source, o Options) *Engine {
	return &Engine{src: src, o: o.withDefaults(), zone: time.UTC}
}

// In returns the engine with another time zone than UTC for its queries: that
// of times that are written without one, of days and months, and of the results.
func (e *Engine) In(zone *time.Location) *Engine {
	in := *e
	in.zone = zone
	return &in
}

// Column is a column of a result.
type Column struct {
	// Name is the alias or the expression, and differs from all other names
	// of the result.
	Name string `json:"name"`
	// Type is bool, int, float, string, bytes, array, map, timestamp,
	// duration, id, any (values of several types) or null (never a value).
	Type string `json:"type"`
	// Zone is the time zone in which the timestamps of the column are shown,
	// "" for UTC.
	Zone string `json:"zone,omitempty"`
}

// Stats tells what a query did.
type Stats struct {
	RowsScanned, RowsReturned, BytesRead int64
	PartsTotal, PartsPruned              int
	// PartsDamaged is how many parts could not be read: the answer may lack
	// rows.
	PartsDamaged int
	Elapsed      time.Duration
}

// Result is the outcome of a query. Its values have these Go types:
//
//	bool, int64, float64, string    bool, int, float, string
//	string in lower-case hex        id
//	time.Time, time.Duration        timestamp (in the column's zone), duration
//	[]byte                          bytes
//	json.RawMessage                 array, map
//	nil                             NULL
type Result struct {
	Columns  []Column
	Rows     [][]any
	Stats    Stats
	Warnings []Warning
}

// Sink takes the rows of a query as they come. An error of either method
// ends the query and is returned by it. One that is a [Warner] as well is told
// of warnings.
type Sink interface {
	// Columns is called once, before any rows.
	Columns(cols []Column) error
	// Batch is called with at most a few thousand rows at a time, in order,
	// from one goroutine. The batch is valid during the call only.
	Batch(b *Batch) error
}

// Batch is some rows of a result.
type Batch struct {
	cols  []*vec
	zones []*time.Location // of the columns
	n     int
}

// Len returns the number of rows.
func (b *Batch) Len() int { return b.n }

// Value returns the value of a row in a column, both counted from 0, in the
// types of [Result]. It owns its memory.
func (b *Batch) Value(row, col int) any { return goValue(b.cols[col].at(row), b.zones[col]) }

// AppendJSON appends the value of a row in a column to dst, as the function
// AppendJSON does, without making a Go value of it.
func (b *Batch) AppendJSON(dst []byte, row, col int) []byte {
	return appendValueJSON(dst, b.cols[col].at(row), b.zones[col])
}

// Query runs one query and returns all its rows. The parameters are the
// values of $1, $2, …, or a single map[string]any with those of :name.
//
// An error in the query's text is an [*Error]; an error that wraps [ErrLimit]
// says which limit the query reached.
func (e *Engine) Query(ctx context.Context, sql string, args ...any) (*Result, error) {
	c := &collector{limit: e.o.MaxMemoryBytes}
	st, err := e.Stream(ctx, sql, args, c)
	if err != nil {
		return nil, err
	}
	c.r.Stats = st
	return &c.r, nil
}

// collector is the sink of Query. The rows it keeps count against the memory
// budget a second time, as Go values.
type collector struct {
	r           Result
	held, limit int64
	reserved    *membudget.Reservation
}

func (c *collector) Warnings(list []Warning) error {
	c.r.Warnings = list
	return nil
}

func (c *collector) Columns(cols []Column) error {
	c.r.Columns, c.r.Rows = cols, [][]any{}
	return nil
}

func (c *collector) Batch(b *Batch) error {
	width, size := len(b.cols), int64(0)
	for _, v := range b.cols {
		size += v.size() + int64(b.n)*24
	}
	if c.held += size; c.held > c.limit {
		return limitError("memory budget of %s reached by the rows of the result", formatBytes(c.limit))
	}
	if err := c.reserved.Grow(size); err != nil {
		return limitError("%w by the rows of the result", err)
	}
	cells := make([]any, b.n*width)
	for i := range b.n {
		row := cells[i*width : (i+1)*width : (i+1)*width]
		for j := range row {
			row[j] = b.Value(i, j)
		}
		c.r.Rows = append(c.r.Rows, row)
	}
	return nil
}

// Stream runs one query and gives its rows to sink as they come. It is Query
// without holding the result.
func (e *Engine) Stream(ctx context.Context, sql string, args []any, sink Sink) (st Stats, err error) {
	start := time.Now()
	defer func() { st.Elapsed = time.Since(start) }()
	defer recovered(&err)
	stmt, err := Parse(sql)
	if err != nil {
		return st, err
	}
	outer := ctx
	if e.o.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, e.o.Timeout)
		defer cancel()
	}
	st, err = e.execute(ctx, sql, stmt, args, sink)
	if errors.Is(err, context.DeadlineExceeded) && outer.Err() == nil {
		err = limitError("timeout of %s reached: %w", e.o.Timeout, err)
	} else if err != nil && errors.Is(err, outer.Err()) {
		err = fmt.Errorf("query: %w", err)
	}
	return st, err
}

func (e *Engine) execute(ctx context.Context, sql string, stmt *Statement, args []any, sink Sink) (st Stats, err error) {
	held, err := e.o.Memory.Reserve(ctx, "queries", e.o.ReserveBytes)
	if err != nil {
		return st, fmt.Errorf("query: %w", err)
	}
	defer held.Close()
	if c, ok := sink.(*collector); ok {
		c.reserved = held
	}
	pl := &planner{ctx: ctx, src: e.src, binder: binder{sql: sql, params: newParams(args), now: e.o.Now().UnixNano(), zone: e.zone}}
	p := pl.plan(stmt.Select)
	if pl.err != nil {
		return st, pl.err
	}
	if err := pl.tell(sink); err != nil {
		return st, err
	}
	p.forgetNames()
	x := &exec{src: e.src, bud: &budget{limit: e.o.MaxMemoryBytes, frames: e.o.frameBytes(), held: held}, workers: e.o.Parallel}
	defer func() {
		rows := st.RowsReturned
		st = x.stats()
		st.RowsReturned = rows
		if cerr := x.close(); err == nil && cerr != nil {
			err = fmt.Errorf("query: close scan: %w", cerr)
		}
	}()
	if stmt.Explain {
		return e.explain(ctx, x, p, stmt.Analyze, sink)
	}
	cols, zones := make([]Column, len(p.out)), make([]*time.Location, len(p.out))
	for i, name := range distinctNames(p.names) {
		cols[i] = Column{Name: name, Type: typeName(p.out[i].typ)}
		zones[i] = pl.zoneOf(p.out[i])
		if p.out[i].typ == typeTime && zones[i] != time.UTC {
			cols[i].Zone = zones[i].String()
		}
	}
	if err := sink.Columns(cols); err != nil {
		return st, err
	}
	err = x.run(ctx, p, e.o.MaxRows+1, func(cols []*vec, n int) error {
		if st.RowsReturned += int64(n); st.RowsReturned > e.o.MaxRows {
			return limitError("the result has more than %d rows; add LIMIT or narrow the query", e.o.MaxRows)
		}
		held.Stall() // until the reader has taken them
		defer held.Resume()
		return sink.Batch(&Batch{cols: cols, zones: zones, n: n})
	})
	return st, err
}
