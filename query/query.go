package query

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"
	"time"

	"github.com/ttlog/ttlog/internal/membudget"
	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/exec"
	"github.com/ttlog/ttlog/query/optimize"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/spill"
	"github.com/ttlog/ttlog/query/sql"
	"github.com/ttlog/ttlog/query/types"
)

// Options are the knobs of an [Engine]. The zero value means the defaults.
type Options struct {
	// MaxMemoryBytes is what one query may hold for groups, sorting, sets and
	// sketches; what exceeds it goes to Spill, or fails the query. 0 means 256 MiB.
	MaxMemoryBytes int64
	// Memory is the budget of the process, which all queries share; nil is one
	// without a limit. A query takes ReserveBytes of it before it begins (0
	// means a sixth of what queries share, at most 32 MiB), or waits for them;
	// what it needs beyond them it may get or not. MaxMemoryBytes is half of
	// what queries share at most.
	Memory       *membudget.Budget
	ReserveBytes int64
	// Spill, where set, takes what exceeds the memory of a query: groups, what is sorted
	// and what is joined.
	Spill *spill.Space
	// CatchUp, where set, returns when the source shows everything that was
	// acknowledged before the call, or when ctx ends. A query gives it a second
	// before it looks at a table, and goes on without: see Stats.Complete.
	CatchUp func(ctx context.Context) error
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
		o.MaxRows = allRows
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

// keptBytes returns how much is kept for queries that come again.
func (o Options) keptBytes() int64 {
	const most = 64 << 20
	if o.Memory == nil {
		return min(most, o.MaxMemoryBytes/4)
	}
	return min(most, o.Memory.Pool()/8)
}

// maxCatchUp is how long a query waits for what was acknowledged before it.
const maxCatchUp = time.Second

// maxReserve bounds what a query reserves that nobody knows anything about yet.
const maxReserve = 32 << 20

// Engine runs queries over a [Source]. It is safe for concurrent use, and need not
// be closed. Between queries it keeps groups of parts of the source, which never
// change, within the budget of the process.
type Engine struct {
	src  exec.Source
	o    Options
	zone *time.Location
	kept func() *exec.Kept // made when there is something to keep: a budget knows a cache for good
	skip []string          // rules that are off: tests only
	// spillEarly puts on the disk what can be put there: tests only.
	spillEarly bool
}

// New returns an engine that reads src.
func New(src exec.Source, o Options) *Engine {
	o = o.withDefaults()
	return &Engine{src: src, o: o, zone: time.UTC, kept: sync.OnceValue(func() *exec.Kept { return exec.NewKept(o.keptBytes(), o.Memory) })}
}

// In returns the engine with another time zone than UTC for its queries: that
// of times that are written without one, of days and months, and of the results.
func (e *Engine) In(zone *time.Location) *Engine {
	in := *e
	in.zone = zone
	return &in
}

// CatchUp waits as a query does for what was acknowledged up to now, and returns
// false where that is not all there in time. It is for who asks several queries
// for one answer, of the engine that AsIs returns.
func (e *Engine) CatchUp(ctx context.Context) bool {
	if e.o.CatchUp == nil {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, maxCatchUp)
	defer cancel()
	return e.o.CatchUp(ctx) == nil
}

// allRows is no limit; one more is still a number.
const allRows = math.MaxInt64 - 1

// AllRows returns the engine without a limit on the rows of a result.
func (e *Engine) AllRows() *Engine {
	all := *e
	all.o.MaxRows = allRows
	return &all
}

// AsIs returns the engine without the wait: its queries see what is there.
func (e *Engine) AsIs() *Engine {
	now := *e
	now.o.CatchUp = nil
	return &now
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
	// PagesDamaged is how many pages of columns could not be read: rows have no
	// value there, and are missing where one was wanted.
	PagesDamaged int64
	// SpilledBytes is what was put on the disk because it exceeded the memory.
	SpilledBytes int64
	// Complete tells that everything which was acknowledged before the query
	// was there to be looked at. Parts that are damaged are another matter.
	Complete bool
	Elapsed  time.Duration
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
	Warnings []plan.Warning
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
	cols  []*eval.Vec
	zones []*time.Location // of the columns
	n     int
}

// Len returns the number of rows.
func (b *Batch) Len() int { return b.n }

// Value returns the value of a row in a column, both counted from 0, in the
// types of [Result]. It owns its memory.
func (b *Batch) Value(row, col int) any { return types.GoValue(b.cols[col].At(row), b.zones[col]) }

// AppendJSON appends the value of a row in a column to dst, as the function
// AppendJSON does, without making a Go value of it.
func (b *Batch) AppendJSON(dst []byte, row, col int) []byte {
	return types.AppendValueJSON(dst, b.cols[col].At(row), b.zones[col])
}

// Query runs one query and returns all its rows. The parameters are the
// values of $1, $2, …, or a single map[string]any with those of :name.
//
// An error in the query's text is an [*Error]; an error that wraps [ErrLimit]
// says which limit the query reached.
func (e *Engine) Query(ctx context.Context, text string, args ...any) (*Result, error) {
	c := &collector{limit: e.o.MaxMemoryBytes}
	st, err := e.Stream(ctx, text, args, c)
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

func (c *collector) Warnings(list []plan.Warning) error {
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
		size += v.Size() + int64(b.n)*24
	}
	if c.held += size; c.held > c.limit {
		return plan.LimitError("memory budget of %s reached by the rows of the result", eval.FormatBytes(c.limit))
	}
	if err := c.reserved.Grow(size); err != nil {
		return plan.LimitError("%w by the rows of the result", err)
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
func (e *Engine) Stream(ctx context.Context, text string, args []any, sink Sink) (st Stats, err error) {
	start := time.Now()
	defer func() { st.Elapsed = time.Since(start) }()
	defer exec.Recovered(&err)
	stmt, err := sql.Parse(text)
	if err != nil {
		return st, err
	}
	if stmt.Delete {
		return st, &plan.Error{Line: 1, Column: 1, Message: "a query deletes nothing: DELETE is for POST /api/v1/delete and for ttlog delete"}
	}
	outer := ctx
	if e.o.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, e.o.Timeout)
		defer cancel()
	}
	st, err = e.execute(ctx, text, stmt, args, sink)
	if errors.Is(err, context.DeadlineExceeded) && outer.Err() == nil {
		err = plan.LimitError("timeout of %s reached: %w", e.o.Timeout, err)
	} else if err != nil && errors.Is(err, outer.Err()) {
		err = fmt.Errorf("query: %w", err)
	}
	return st, err
}

func (e *Engine) execute(ctx context.Context, text string, stmt *sql.Statement, args []any, sink Sink) (st Stats, err error) {
	complete := !stmt.Reads() || e.CatchUp(ctx)
	held, err := e.o.Memory.Reserve(ctx, "queries", e.o.ReserveBytes)
	if err != nil {
		return st, fmt.Errorf("query: %w", err)
	}
	defer held.Close()
	if c, ok := sink.(*collector); ok {
		c.reserved = held
	}
	p, warnings, err := sql.Bind(ctx, exec.Catalog{Source: e.src}, stmt, sql.Options{Text: text, Params: args, Now: e.o.Now(), Zone: e.zone})
	if err != nil {
		return st, err
	}
	p = optimize.Plan(p, e.skip)
	if !complete {
		warnings = append(warnings, Incomplete)
	}
	if err := tell(sink, warnings); err != nil {
		return st, err
	}
	x := exec.New(e.src, eval.NewBudget(e.o.MaxMemoryBytes, e.o.frameBytes(), held), e.o.Parallel)
	x.Kept, x.Ended, x.Spill = e.kept, ctx.Err, e.o.Spill.File()
	x.SpillEarly = e.spillEarly
	defer func() {
		s := x.Stats()
		st.Complete, st.RowsScanned, st.BytesRead = complete, s.RowsScanned, s.BytesRead
		st.PartsTotal, st.PartsPruned, st.PartsDamaged, st.PagesDamaged = s.PartsTotal, s.PartsPruned, s.PartsDamaged, s.PagesDamaged
		st.SpilledBytes = x.Spill.Size()
		if cerr := x.Close(); err == nil && cerr != nil {
			err = fmt.Errorf("query: close scan: %w", cerr)
		}
	}()
	if stmt.Explain {
		return e.explain(ctx, x, p, stmt.Analyze, sink)
	}
	cols, zones := e.columns(p.Schema())
	if err := sink.Columns(cols); err != nil {
		return st, err
	}
	err = x.Ordered(ctx, exec.Builder{}.Build(p, e.o.MaxRows+1), eval.ChunkRows, func(cols []*eval.Vec, n int) error {
		if st.RowsReturned += int64(n); st.RowsReturned > e.o.MaxRows {
			return plan.LimitError("the result has more than %d rows; add LIMIT or narrow the query", e.o.MaxRows)
		}
		held.Stall() // until the reader has taken them
		defer held.Resume()
		return inPieces(ctx, &Batch{cols: cols, zones: zones, n: n}, sink.Batch)
	})
	return st, err
}

// maxPiece is how many values of a batch are written without a look at whether
// anybody still wants them: some milliseconds' worth, even of large ones.
const maxPiece = 16 << 10

// inPieces gives a batch to emit, a wide one some rows at a time.
func inPieces(ctx context.Context, b *Batch, emit func(*Batch) error) error {
	step := max(maxPiece/max(len(b.cols), 1), 64)
	for lo := 0; lo < b.n; lo += step {
		if err := ctx.Err(); err != nil {
			return err
		}
		piece := *b
		if hi := min(lo+step, b.n); lo > 0 || hi < b.n {
			piece.n, piece.cols = hi-lo, make([]*eval.Vec, len(b.cols))
			for i, c := range b.cols {
				piece.cols[i] = c.Slice(lo, hi)
			}
		}
		if err := emit(&piece); err != nil {
			return err
		}
	}
	return nil
}

// columns returns the columns of a result, and in which zones their times are
// shown.
func (e *Engine) columns(schema []plan.Field) ([]Column, []*time.Location) {
	names := make([]string, len(schema))
	for i, f := range schema {
		names[i] = f.Name
	}
	cols, zones := make([]Column, len(schema)), make([]*time.Location, len(schema))
	for i, name := range distinctNames(names) {
		f := schema[i]
		cols[i], zones[i] = Column{Name: name, Type: types.Name(f.Type)}, f.Zone
		if f.Zone == nil {
			zones[i] = e.zone
		}
		if f.Type == types.Time && zones[i] != time.UTC {
			cols[i].Zone = zones[i].String()
		}
	}
	return cols, zones
}

// ErrBusy is what an error wraps when there was no memory to begin the query
// with, because others hold it: it may go well later.
var ErrBusy = membudget.ErrBusy
