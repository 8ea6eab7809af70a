package part

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage/encoding"
	"github.com/ttlog/ttlog/storage/internal/table"
)

// The ends of a part file; part of the format.
const (
	magic       = "TTLPART\x04" // the last byte is the version
	trailerSize = 4 + 4 + 8 + 8
)

// Options says how a part is written. The zero value is good.
type Options struct {
	// GroupRows is the largest number of rows of a row group; 0 and less mean
	// DefaultGroupRows.
	GroupRows int
	// GroupBytes is about the memory that the rows of a row group may take
	// when they are read; 0 and less mean 128 MiB.
	GroupBytes int64
	// PageValues is how many values a page has at least; 0 and less mean 2,048, and
	// 1,024 of parts that Merge makes of spans and log records.
	PageValues int
	// Packed tells Merge which parts are packed tight, as Info.Packed was when
	// they were written; nil is none. Their full row groups stay as they are.
	Packed func(p *Part) bool
	// Coders are those that the part's writer takes one of; nil is new ones.
	Coders *encoding.Coders
}

func (o Options) withDefaults() Options {
	if o.GroupRows <= 0 {
		o.GroupRows = DefaultGroupRows
	}
	o.GroupRows = min(o.GroupRows, maxGroupRows)
	if o.GroupBytes <= 0 {
		o.GroupBytes = defaultGroupBytes
	}
	if o.Coders == nil {
		o.Coders = encoding.NewCoders()
	}
	return o
}

// Info describes a part.
type Info struct {
	Signal otlpwire.Signal
	// Rows is the number of spans, log records or data points.
	Rows int64
	// MinTime and MaxTime are the earliest and the latest time of a row, in
	// nanoseconds since the Unix epoch.
	MinTime, MaxTime int64
	// Size is the length of the file in bytes.
	Size int64
	// Groups is the number of row groups.
	Groups int
	// Services are the services of the rows, sorted; nil when there are too
	// many to tell.
	Services []string
	// Packed says of a part that was just written that it is packed tight, as
	// by a merge: what of it is full need not be encoded again.
	Packed bool
}

// Write writes the rows of tables, which must be of one signal and have at
// least one row together, as one part. The tables may go on growing meanwhile
// only when the caller sees to it that Write gets no part of a batch; it takes
// its snapshot before it returns or writes anything.
func Write(w io.Writer, o Options, tables ...*table.Table) (Info, error) {
	var chunks []*table.Chunk
	for _, t := range tables {
		chunks = append(chunks, t.Chunks()...)
	}
	if len(chunks) == 0 {
		return Info{}, errors.New("part: write: no rows")
	}
	o = o.withDefaults()
	pw := newWriter(w, o, chunks[0].Signal, o.levelOf(chunks))
	defer pw.release()
	if err := pw.chunks(chunks); err != nil {
		return Info{}, err
	}
	return pw.finish()
}

// levelOf returns how tight the rows of some chunks are packed. What makes full
// row groups is packed once and for all; less will be merged, and soon.
func (o Options) levelOf(chunks []*table.Chunk) encoding.Level {
	rows, columns, memory := 0, 0, int64(0)
	for _, c := range chunks {
		n := 0
		for i := range c.Rows.Sets {
			n += len(c.Rows.Sets[i].Cols)
		}
		columns = max(columns, n)
		rows += c.Rows.N
		memory += int64(c.Bytes())
	}
	groups := max((rows+o.GroupRows-1)/o.GroupRows, 1)
	if o.full(chunks[0].Signal, rows/groups, columns, memory/int64(groups)) {
		return encoding.Best
	}
	return encoding.Fast
}

// evenly returns how many rows each row group gets, so that they are about as
// large as each other: what is left over would be a small one.
func (o Options) evenly(rows int) int {
	groups := max((rows+o.GroupRows-1)/o.GroupRows, 1)
	return max((rows+groups-1)/groups, 1)
}

// writer writes the row groups of a part as they come.
type writer struct {
	w      io.Writer
	opts   Options
	enc    encoder
	footer footer
	info   Info
	off    int64
}

func newWriter(w io.Writer, o Options, s otlpwire.Signal, l encoding.Level) *writer {
	o = o.withDefaults()
	pw := &writer{
		w: w, opts: o, enc: encoder{enc: encoding.Encoder{Level: l, Coder: o.Coders.Take(l)}, scratch: scratches.Take(), cut: cutOf(s, l, o)},
		footer: footer{signal: s}, info: Info{Signal: s, Packed: l >= encoding.Best},
	}
	pw.enc.out = append(pw.enc.out, magic...)
	return pw
}

// release gives the writer's buffers back. The writer is of no use then.
func (w *writer) release() {
	w.enc.give()
	w.enc.scratch = nil
	w.opts.Coders.Give(w.enc.enc.Coder)
}

// chunks writes the rows of chunks in memory.
func (w *writer) chunks(chunks []*table.Chunk) error {
	rows := 0
	for _, c := range chunks {
		rows += c.Rows.N
	}
	locs, times := make([]table.Loc, 0, rows), make([]int64, 0, rows)
	for i, c := range chunks {
		if c.Signal != w.footer.signal {
			return fmt.Errorf("part: write: rows of %s and %s", c.Signal, w.footer.signal)
		}
		for row := range c.Rows.N {
			locs = append(locs, table.Loc{Src: uint32(i), Row: uint32(row)})
			times = append(times, c.Time(row))
		}
	}
	byTime(locs, times)
	weights, rowBytes := make([]func(row uint32) int, len(chunks)), make([]int64, len(chunks))
	for i, c := range chunks {
		weights[i], rowBytes[i] = c.Weight(), int64(c.Bytes()/c.Rows.N)
	}
	most := w.opts.evenly(rows)
	for from := 0; from < len(locs); {
		to, weight, bytes := from, 0, int64(0)
		for to < len(locs) && to-from < most {
			weight += weights[locs[to].Src](locs[to].Row)
			bytes += rowBytes[locs[to].Src]
			if to > from && (weight > groupWeight || bytes > w.opts.GroupBytes) {
				break
			}
			to++
		}
		if err := w.gather(chunks, locs[from:to]); err != nil {
			return err
		}
		from = to
	}
	return nil
}

// byTime sorts rows by their times; equal ones keep their order.
func byTime(locs []table.Loc, times []int64) {
	if slices.IsSorted(times) {
		return
	}
	index := make([]uint32, len(locs))
	for i := range index {
		index[i] = uint32(i)
	}
	slices.SortStableFunc(index, func(a, b uint32) int {
		switch {
		case times[a] < times[b]:
			return -1
		case times[a] > times[b]:
			return 1
		}
		return 0
	})
	old := slices.Clone(locs)
	for i, k := range index {
		locs[i] = old[k]
	}
}

// gather writes the given rows, which stand by time, as a row group.
func (w *writer) gather(chunks []*table.Chunk, locs []table.Loc) error {
	first, last := locs[0], locs[len(locs)-1]
	g := rowGroup{
		minTime: chunks[first.Src].Time(int(first.Row)),
		maxTime: chunks[last.Src].Time(int(last.Row)),
	}
	c, err := table.GatherClustered(chunks, locs)
	if err != nil {
		return fmt.Errorf("part: write: %w", err)
	}
	if g.services, g.counts, err = servicesOf(c); err != nil {
		return fmt.Errorf("part: write: %w", err)
	}
	g.memory = int64(c.DecodedBytes())
	g.filter = w.enc.filter(c)
	g.resources = w.enc.leaf(resourceLeaf(c))
	if g.rows, err = w.enc.rows(c); err != nil {
		return fmt.Errorf("part: write: %w", err)
	}
	w.footer.groups = append(w.footer.groups, g)
	w.note(&g)
	return w.flush()
}

// resourceLeaf returns the resources as a leaf that the encoder sees: only its
// dictionary counts.
func resourceLeaf(c *table.Chunk) *table.Leaf {
	l := table.Leaf{Kind: table.KindString, Dict: c.Resources.Dict}
	if len(l.Dict.Values) > 1 {
		l.Codes = []uint32{0}
	}
	return &l
}

// servicesOf returns the services of a chunk's rows, sorted, and how many rows
// each has; none where there are too many to tell.
func servicesOf(c *table.Chunk) (services []string, counts []int64, err error) {
	byCode, err := c.Services()
	if err != nil {
		return nil, nil, err
	}
	rows := make([]int64, len(byCode))
	for i := range c.Rows.N {
		rows[c.Rows.Leaves[table.LeafScope].Code(i)]++
	}
	seen := map[string]int64{}
	for code, n := range rows {
		if n > 0 {
			seen[byCode[code]] += n
		}
	}
	if len(seen) > maxServices {
		return nil, nil, nil
	}
	for s := range seen {
		services = append(services, s)
	}
	slices.Sort(services)
	for _, s := range services {
		counts = append(counts, seen[s])
	}
	return services, counts, nil
}

// note adds a row group to what Info tells.
func (w *writer) note(g *rowGroup) {
	in := &w.info
	if in.Groups == 0 {
		in.MinTime, in.MaxTime = g.minTime, g.maxTime
	}
	in.MinTime, in.MaxTime = min(in.MinTime, g.minTime), max(in.MaxTime, g.maxTime)
	in.Rows += int64(g.rows.n)
	in.Groups++
}

func (w *writer) flush() error {
	err := w.write(w.enc.out)
	w.enc.out = w.enc.out[:0]
	return err
}

func (w *writer) write(b []byte) error {
	n, err := w.w.Write(b)
	w.off += int64(n)
	if err != nil {
		return fmt.Errorf("part: write at byte %d: %w", w.off, err)
	}
	return nil
}

// finish writes the footer and the trailer.
func (w *writer) finish() (Info, error) {
	if w.info.Rows == 0 {
		return Info{}, errors.New("part: write: no rows")
	}
	if n := w.footer.entries(); n > maxEntries {
		return Info{}, fmt.Errorf("part: write: footer of %d entries, at most %d possible", n, maxEntries)
	}
	raw := w.footer.append(nil)
	if len(raw) > maxFooterBytes {
		return Info{}, fmt.Errorf("part: write: footer of %d bytes, at most %d possible", len(raw), maxFooterBytes)
	}
	start := len(w.enc.out)
	w.enc.out = w.enc.enc.AppendFrame(w.enc.out, raw)
	size := len(w.enc.out) - start
	sum := xxhash.Sum64(w.enc.out[start:])
	w.enc.out = binary.LittleEndian.AppendUint32(w.enc.out, uint32(size))
	w.enc.out = binary.LittleEndian.AppendUint32(w.enc.out, uint32(len(raw)))
	w.enc.out = binary.LittleEndian.AppendUint64(w.enc.out, sum)
	w.enc.out = append(w.enc.out, magic...)
	if err := w.flush(); err != nil {
		return Info{}, err
	}
	w.info.Size = w.off
	w.info.Services = allServices(w.footer.groups)
	return w.info, nil
}

// allServices returns the services of all row groups, nil when one of them
// does not tell.
func allServices(groups []rowGroup) []string {
	var out []string
	for i := range groups {
		if groups[i].services == nil {
			return nil
		}
		out = append(out, groups[i].services...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
