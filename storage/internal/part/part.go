package part

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"sync/atomic"
	"unsafe"

	"github.com/cespare/xxhash/v2"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage/column"
	"github.com/ttlog/ttlog/storage/internal/table"
)

const spans = otlpwire.Traces

// Part is an open part. It is immutable and may be used by several goroutines
// as far as its reader may; the blocks it hands out are for one goroutine each.
type Part struct {
	r          io.ReaderAt
	info       Info
	footer     *footer
	memory     int64 // of the footer, about
	verifySums bool  // false only in tests that look behind the checksums
}

// Open opens the part that stands in the first size bytes of r. It reads and
// checks the footer only. It keeps r, which the caller closes when the part
// and all its blocks are not used any more. Errors about wrong bytes wrap
// ErrCorrupt.
func Open(r io.ReaderAt, size int64) (*Part, error) { return open(r, size, true) }

func open(r io.ReaderAt, size int64, verifySums bool) (*Part, error) {
	if size < int64(len(magic)+trailerSize) {
		return nil, corruptf("%d bytes are no part", size)
	}
	var head [len(magic)]byte
	if _, err := r.ReadAt(head[:], 0); err != nil {
		return nil, fmt.Errorf("part: read: %w", err)
	}
	var tail [trailerSize]byte
	if _, err := r.ReadAt(tail[:], size-trailerSize); err != nil {
		return nil, fmt.Errorf("part: read: %w", err)
	}
	if err := checkMagic(head[:], tail[16:]); err != nil {
		return nil, err
	}
	packed := int64(binary.LittleEndian.Uint32(tail[:]))
	raw := binary.LittleEndian.Uint32(tail[4:])
	end := size - trailerSize - packed
	if end < int64(len(magic)) || raw > maxFooterBytes {
		return nil, corruptf("footer of %d bytes, %d unpacked, in a file of %d", packed, raw, size)
	}
	src := make([]byte, packed)
	if _, err := r.ReadAt(src, end); err != nil {
		return nil, fmt.Errorf("part: read footer: %w", err)
	}
	if verifySums && xxhash.Sum64(src) != binary.LittleEndian.Uint64(tail[8:]) {
		return nil, corruptf("wrong checksum of the footer at byte %d", end)
	}
	text, err := unpack(src, int(raw))
	if err != nil {
		return nil, corruptf("footer at byte %d: %v", end, err)
	}
	f, err := parseFooter(text, head[len(magic)-1], int64(len(magic)), end)
	if err != nil {
		return nil, fmt.Errorf("part: footer: %w", err)
	}
	p := &Part{r: r, footer: f, verifySums: verifySums}
	p.memory = int64(raw) + int64(f.entries())*int64(unsafe.Sizeof(colDir{}))
	p.describe(size)
	return p, nil
}

func checkMagic(head, tail []byte) error {
	version := len(magic) - 1
	if string(head[:version]) != magic[:version] {
		return corruptf("starts with %q: no part", head)
	}
	if head[version] < 1 || head[version] > magic[version] {
		return fmt.Errorf("part: version %d, this program reads 1 to %d", head[version], magic[version])
	}
	if string(tail) != string(head) {
		return corruptf("ends with %q: cut short or overwritten", tail)
	}
	return nil
}

func (p *Part) describe(size int64) {
	w := writer{info: Info{Signal: p.footer.signal}}
	for i := range p.footer.groups {
		w.note(&p.footer.groups[i])
	}
	p.info = w.info
	p.info.Size = size
	p.info.Services = allServices(p.footer.groups)
}

// GroupMemory returns about what the largest row group takes when it is read.
func (p *Part) GroupMemory() int64 {
	most := int64(0)
	for i := range p.footer.groups {
		most = max(most, p.footer.groups[i].memory)
	}
	return most
}

// Memory returns about what the open part itself takes: its footer, which names
// each column of each row group.
func (p *Part) Memory() int64 { return p.memory }

// Info returns what the part is about.
func (p *Part) Info() Info { return p.info }

// Filter says which rows are wanted. It only leaves out row groups that cannot
// hold any of them.
type Filter struct {
	// From and To bound the time in nanoseconds: From is in, To is not, and
	// math.MaxInt64 is no bound. Both zero are none.
	From, To int64
	// Where are predicates that all have to hold.
	Where []column.Predicate
	// Read, where set, counts the bytes that the blocks read, now and later.
	Read *atomic.Int64
	// Lost, where set, counts the damaged pages that the blocks come upon:
	// their rows have no value there. Otherwise they are errors.
	Lost *atomic.Int64
	// Passed, where set, counts the pages of dictionaries that the blocks do not
	// read because filters say that they have no wanted string.
	Passed *atomic.Int64
	// Pruned, where set, counts the row groups that were left out by what said
	// so.
	Pruned *Pruned
	// Ended, where set, tells why nobody wants the blocks any more, nil while
	// somebody does: reading a column of them fails with it from then on.
	Ended func() error
}

// Pruned is how many row groups an index left out.
type Pruned struct {
	Time     int // of their rows
	Services int
	Bounds   int // least and greatest value
	Columns  int // they have no such attribute
	Traces   int // the trace filter
	Values   int // value filters
	Texts    int // text filters, and what was searched in their place
}

// Columns returns the attribute columns that have a value in some row, at most
// table.MaxListed. Those that cannot be told because bytes are wrong are left
// out: who asks for the values of one finds out.
func (p *Part) Columns() ([]column.Ref, error) {
	return p.columns((*table.Block).Columns, table.MaxListed)
}

// FindColumns is Columns for those of the given names, of which none is left
// out.
func (p *Part) FindColumns(names map[string]bool) ([]column.Ref, error) {
	return p.columns(func(b *table.Block) []column.Ref { return b.FindColumns(names) }, math.MaxInt)
}

func (p *Part) columns(of func(b *table.Block) []column.Ref, limit int) ([]column.Ref, error) {
	var out []column.Ref
	seen := map[column.Ref]bool{}
	for i := range p.footer.groups {
		b := table.NewBlock(source{p: p}.rowGroup(&p.footer.groups[i]))
		if err := b.Chunk().Resources.Ensure(); err != nil && !errors.Is(err, ErrCorrupt) {
			return nil, err
		}
		for _, ref := range of(b) {
			if !seen[ref] && len(out) < limit {
				seen[ref] = true
				out = append(out, ref)
			}
		}
	}
	return out, nil
}

// FindTrace calls emit with the rows of a trace as OTLP, in pieces that are
// valid during the call, and returns how many rows there are. Row groups
// without the trace cost at most their trace filter and their trace ids. Of
// those with it, the pages that hold its rows are decoded, or the rows taken
// from cache, which may be nil.
//
// What is damaged is left out and counted in lost.
func (p *Part) FindTrace(id [16]byte, cache *TraceCache, lost *atomic.Int64, emit func(piece []byte) error) (rows int, err error) {
	at := traceLeaf(p.footer.signal)
	if at < 0 {
		return 0, nil
	}
	s := source{p: p, lost: new(atomic.Int64)}
	defer func() { lost.Add(s.lost.Load()) }()
	for i := range p.footer.groups {
		g := &p.footer.groups[i]
		if ok, err := s.mayHoldTrace(g, string(id[:])); err != nil || !ok {
			if err != nil {
				return 0, err
			}
			continue
		}
		r, err := cache.reader(p, traceKey{i, id}, func() (*table.TraceReader, error) {
			c := s.rowGroup(g)
			rows, err := c.RowsOfTrace(at, string(id[:]))
			// The filter lets some traces pass that are not there.
			if err != nil || len(rows) == 0 {
				return nil, err
			}
			return table.NewTraceReader(c.Select(rows), at)
		})
		if err != nil {
			return 0, err
		}
		if r == nil {
			continue
		}
		n, err := r.Each(string(id[:]), table.PieceRows(g.memory, g.rows.n), emit)
		if err != nil {
			return 0, err
		}
		rows += n
	}
	return rows, nil
}
