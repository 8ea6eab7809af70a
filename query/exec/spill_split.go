package exec

import (
	"cmp"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
)

// The partitions of a hash are told apart by so many bits; there are so many
// levels of them.
const (
	partitionBits   = 4
	partitions      = 1 << partitionBits
	partitionLevels = 12
)

// partitionOf returns the partition of a hash at a level.
func partitionOf(hash uint64, level int) int {
	return int(hash>>(64-partitionBits*(level+1))) & (partitions - 1)
}

// splitter writes rows to partitions.
type splitter struct {
	s      *spilled
	fields []plan.Field
	level  int
	bufs   [partitions]*rowBuffer
	put    func(p int, b block)
}

func (w *splitter) add(hash uint64, row []*eval.Vec) error {
	p := partitionOf(hash, w.level)
	b := w.bufs[p]
	if b == nil {
		b = newRowBuffer(w.fields)
		w.bufs[p] = b
	}
	for j, v := range row {
		b.bytes += b.cols[j].Append(v)
	}
	if b.bytes < w.s.blockBytes() && b.len() < eval.ChunkRows {
		return nil
	}
	return w.flush(p)
}

func (w *splitter) flush(p int) error {
	b, err := w.bufs[p].flush(w.s)
	if err == nil {
		w.put(p, b)
	}
	return err
}

// end writes what is left.
func (w *splitter) end() error {
	for p, b := range w.bufs {
		if b != nil && b.len() > 0 {
			if err := w.flush(p); err != nil {
				return err
			}
		}
	}
	return nil
}

// bySeq compares rows by their numbers, which are in column c.
func bySeq(c int) rowOrder {
	return func(a []*eval.Vec, i int, b []*eval.Vec, j int) int {
		return cmp.Compare(uint64(a[c].Ints[i]), uint64(b[c].Ints[j]))
	}
}
