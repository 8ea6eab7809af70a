package encoding

import (
	"math"
	"math/bits"
	"slices"
	"sync"
)

// Choosing a codec: nothing is encoded in full to find out. A sample of blocks
// is taken, and from it the size of each codec is computed: exactly for the
// packed ones, from the entropy for those that compress. Only where the sample
// says that zstd finds repetition is zstd run, on the sample.

// plan is a codec with its parameters, and what it is expected to take.
type plan struct {
	codec  byte
	t      transform
	fine   int
	layout byte
	bits   float64 // for the whole column
}

// plan chooses among the codecs that hold no columns within, and tells whether
// equal values occur.
func (e Encoder) plan(v []int64, s shape) (best plan, repeats bool) {
	p := plannerPool.Get().(*planner)
	best, repeats = p.choose(e, v, s), p.repeats
	p.first = nil // the caller's
	plannerPool.Put(p)
	return best, repeats
}

// planner holds a sample of a column and its differences.
type planner struct {
	n      int                 // rows of the column
	first  []int64             // its first rows
	blocks [maxOrder + 1][]int // lengths of the sample's blocks, by order of differences
	diff   [maxOrder + 1][]int64
	res    []uint64
	some   []int64
	low    [maxOrder + 1]int64 // see quantiles, by order
	mid    [maxOrder + 1]int64
	best   plan
	// repeats tells that equal values occur, so that dictionaries and zstd may
	// find something that the statistics of single values do not show.
	repeats bool
}

var plannerPool = sync.Pool{New: func() any { return new(planner) }}

// sampleBlocks is how many blocks are looked at: 1536 values tell the entropy of
// residuals to two or three hundredths of a bit. With 4096 a part of spans is 0.1 %
// smaller, and planning takes twice as long.
const sampleBlocks = 12

func (p *planner) choose(e Encoder, v []int64, s shape) plan {
	p.take(v)
	p.best, p.repeats = plan{bits: math.Inf(1)}, false
	p.offer(plan{codec: intPacked, t: transform{base: s.min}, bits: p.packedBits(0, s.min)})
	if p.n > maxOrder {
		for order := range p.diff {
			if order == 2 && p.best.t.order == 0 {
				break // what delta did not help, delta of delta will not
			}
			p.chooseOrder(order, s)
		}
	}
	packed := p.best
	if p.n >= 64 {
		p.chooseCompressed(e, v, s, packed)
	}
	return p.best
}

// offer keeps c when it takes fewer bits than the best so far.
func (p *planner) offer(c plan) {
	if c.bits < p.best.bits {
		p.best = c
	}
}

// take copies evenly spread blocks of v and their differences.
func (p *planner) take(v []int64) {
	p.n, p.first = len(v), v[:min(len(v), maxOrder)]
	total := (len(v) + blockLen - 1) / blockLen
	step := max(1, float64(total)/sampleBlocks)
	for o := range p.diff {
		p.blocks[o], p.diff[o] = p.blocks[o][:0], p.diff[o][:0]
		for f := 0.0; int(f) < total; f += step {
			from := int(f) * blockLen
			to := min(from+blockLen, len(v))
			if from = max(from, o); from >= to {
				continue
			}
			at := len(p.diff[o])
			p.diff[o] = slices.Grow(p.diff[o], to-from)[:at+to-from]
			differences(p.diff[o][at:], v, from, o)
			p.blocks[o] = append(p.blocks[o], to-from)
		}
	}
	p.res = slices.Grow(p.res[:0], len(p.diff[0]))[:len(p.diff[0])]
}

// scale turns bits of the sample into bits of the column.
func (p *planner) scale(b float64, order int) float64 {
	return b * float64(p.n-order) / float64(max(1, len(p.diff[order])))
}

// headBits returns the bits of codec and head, exactly: a short column may be
// little else.
func (p *planner) headBits(t transform) float64 {
	var buf [32]byte
	return 8 * float64(1+len(t.appendHead(buf[:0], p.first)))
}

func (p *planner) chooseOrder(order int, s shape) {
	d := p.diff[order]
	p.low[order], p.mid[order] = p.quantiles(d)
	least := slices.Min(d)
	if order == 0 {
		least = s.min
		p.repeats = len(slices.Compact(p.some)) < len(p.some)*63/64
	}
	for _, base := range []int64{least, p.low[order]} {
		p.offer(plan{codec: intPacked, t: transform{order: order, base: base}, bits: p.packedBits(order, base)})
	}
	p.offer(plan{codec: intLocal, t: transform{order: order}, bits: p.localBits(order)})
}

// quantiles returns a value that nearly all others are not below, and the
// median, from a thinned sample.
func (p *planner) quantiles(d []int64) (low, mid int64) {
	// A fixed step would fall in step with periodic columns. A multiple of a
	// prime above any length visits different rows as long as there are any.
	const thinned, prime = 256, 2654435761
	p.some = p.some[:0]
	for i := range min(thinned, len(d)) {
		p.some = append(p.some, d[uint64(i)*prime%uint64(len(d))])
	}
	slices.Sort(p.some)
	return p.some[len(p.some)/50], p.some[len(p.some)/2]
}

func (p *planner) packedBits(order int, base int64) float64 {
	d, total := p.diff[order], 0
	for _, n := range p.blocks[order] {
		var hist [65]int
		for _, x := range d[:n] {
			hist[bits.Len64(uint64(x-base))]++
		}
		_, _, cost := blockWidth(&hist, n)
		total += cost
		d = d[n:]
	}
	return p.scale(float64(total), order) + p.headBits(transform{order: order, base: base})
}

func (p *planner) localBits(order int) float64 {
	d, total := p.diff[order], 0
	last := int64(0)
	for _, n := range p.blocks[order] {
		var hist [65]int
		low := slices.Min(d[:n])
		for _, x := range d[:n] {
			hist[bits.Len64(uint64(x-low))]++
		}
		_, _, cost := blockWidth(&hist, n)
		total += cost + 8
		total += bits.Len64(zigzag(low-last)) / 7 * 8
		last = low
		d = d[n:]
	}
	return p.scale(float64(total), order) + p.headBits(transform{order: order})
}

// chooseCompressed offers the codecs that compress. They decode more slowly
// than packed ones, so that they must win by a margin.
func (p *planner) chooseCompressed(e Encoder, v []int64, s shape, packed plan) {
	margin := 0.93
	if e.Level >= Best {
		margin = 0.98
	}
	p.best.bits *= margin
	limit := p.best.bits
	for order := range maxOrder {
		low, mid := p.low[order], p.mid[order]
		if order == 0 {
			low = s.min
		}
		p.offerBuckets(transform{order: order, base: low})
		p.offerBuckets(transform{order: order, base: mid, zigzag: true})
		p.offerBytes(transform{order: order, base: low})
	}
	if !e.trial && p.repeats {
		p.tryZstd(e, v, s)
	}
	if p.best.bits == limit {
		p.best = packed
	}
}

// offerBuckets counts the classes of the finest kind only: those of a coarser
// kind are unions of them, so that the values are classified once.
func (p *planner) offerBuckets(t transform) {
	p.res = p.res[:len(p.diff[t.order])]
	t.shift(p.res, p.diff[t.order])
	var finest [finestClasses]uint32
	least, most := finestClasses, 0
	for _, x := range p.res {
		class, _ := classOf(x, maxFine)
		finest[class]++
		least, most = min(least, class), max(most, class)
	}
	head := p.headBits(t)
	for fine := 1; fine < maxFine; fine += 2 { // those between win nothing
		if coarser[fine][most] >= maxClasses {
			return
		}
		var hist [maxClasses]uint32
		for class := least; class <= most; class++ {
			hist[coarser[fine][class]] += finest[class]
		}
		below := 0
		from, to := int(coarser[fine][least]), int(coarser[fine][most])
		for class := from; class <= to; class++ {
			below += int(hist[class]) * int(classTables[fine].below[class])
		}
		entropy, used := entropyBits(hist[from:to+1], len(p.res))
		cost := p.scale(entropy+float64(below), t.order) + float64(used)*5 + 8*12 + head
		p.offer(plan{codec: intBuckets, t: t, fine: fine, bits: cost})
	}
}

func (p *planner) offerBytes(t transform) {
	p.res = p.res[:len(p.diff[t.order])]
	t.shift(p.res, p.diff[t.order])
	width := bytesWidth(p.res)
	cost := 0.0
	for shift := 0; shift < 8*width; shift += 8 {
		var hist [256]uint32
		for _, x := range p.res {
			hist[byte(x>>shift)]++
		}
		entropy, used := entropyBits(hist[:], len(p.res))
		cost += min(p.scale(entropy, t.order)+float64(used)*5, 8*float64(p.n))
	}
	p.offer(plan{codec: intBytes, t: t, layout: layoutPlanes, bits: cost + 8*12 + p.headBits(t)})
}

// entropyBits returns the bits that n symbols take by their entropy, at least
// one bit a symbol as Huffman codes do unless there is one symbol, and how many
// symbols occur. A sample looks more regular than its column does; the term for
// each symbol (Miller and Madow) evens that out.
func entropyBits(hist []uint32, n int) (total float64, used int) {
	for _, c := range hist {
		if c > 0 {
			used++
			total -= timesLog2(int(c))
		}
	}
	total += timesLog2(n)
	if used > 1 {
		total = max(total*1.01+0.72*float64(used), float64(n))
	}
	return max(total, 0), used
}

// countLogs has n times the logarithm of n for the counts of a sample: taking
// logarithms would be most of the work of planning.
var countLogs = sync.OnceValue(func() *[(sampleBlocks+1)*blockLen + 1]float64 {
	var t [(sampleBlocks+1)*blockLen + 1]float64
	for n := 1; n < len(t); n++ {
		t[n] = float64(n) * math.Log2(float64(n))
	}
	return &t
})

func timesLog2(n int) float64 { return countLogs()[n] }

// tryZstd compresses two stretches of the column, to see whether zstd finds
// repetition that no histogram shows.
func (p *planner) tryZstd(e Encoder, v []int64, s shape) {
	const stretch = 2048
	parts := [][]int64{v}
	if len(v) > 2*stretch {
		parts = [][]int64{v[len(v)/4:][:stretch], v[len(v)*5/8:][:min(stretch, len(v)*3/8)]}
	}
	t := transform{base: s.min}
	width := (bits.Len64(uint64(s.max)-uint64(s.min)) + 7) / 8
	got, rows := 0, 0
	var raw, packed []byte
	for _, part := range parts {
		p.res = slices.Grow(p.res[:0], len(part))[:len(part)]
		t.shift(p.res, part)
		raw = residualBytes(raw[:0], p.res, width, layoutRows)
		packed = e.AppendFrame(packed[:0], raw)
		got += len(packed)
		rows += len(part)
	}
	cost := float64(got)*8*float64(len(v))/float64(rows) + p.headBits(t)
	p.offer(plan{codec: intBytes, t: t, layout: layoutRows, bits: cost})
}
