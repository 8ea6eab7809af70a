package table

import (
	"hash/maphash"
	"slices"
	"unsafe"
)

// Dict is a dictionary of distinct strings. Code 0 is always the empty string,
// so that a row without a value needs no entry. Values only grows: a copy of
// its slice header is a snapshot.
type Dict struct {
	Values []string
	// slots is an open-addressed hash table with linear probing: the upper
	// half of a slot is the hash, the lower the code; 0 is free, as code 0 is
	// never in it. Eight bytes a slot and the hash beside the code make a miss
	// one cache line, and growing needs no string. A map[string]uint32 takes
	// three times the memory and hashes each new string twice.
	slots []uint64
	// hashes has the hashes of the Values, for dictionaries that take them
	// over, but for those of the last Values that were only appended.
	hashes []uint32
	arena  []byte // tail of block
	block  []byte // what new strings are copied to
	size   int    // bytes of the strings held
}

// hashSeed is random, so that nobody can send strings that collide.
var hashSeed = maphash.MakeSeed()

func hashOf(b []byte) uint32 { return uint32(maphash.Bytes(hashSeed, b)) }

// NewDict returns a dictionary that holds only the empty string.
func NewDict() *Dict { return &Dict{Values: []string{""}} }

// code returns the code of b, adding a copy of it when it is new.
func (d *Dict) code(b []byte) uint32 {
	if len(b) == 0 {
		return 0
	}
	h := hashOf(b)
	c, at := d.find(h, unsafe.String(unsafe.SliceData(b), len(b)))
	if c == 0 {
		c = d.insert(at, h, d.copy(b))
	}
	return c
}

// codeString is code for a string. With share, d keeps s itself; otherwise it
// keeps a copy, so that the memory s is part of can be freed.
func (d *Dict) codeString(s string, share bool) uint32 {
	if s == "" {
		return 0
	}
	return d.codeHashed(s, hashOf(bytesOf(s)), share)
}

// codeOf is codeString for value number code of src, which is not 0.
func (d *Dict) codeOf(src *Dict, code uint32, share bool) uint32 {
	s := src.Values[code]
	if int(code) < len(src.hashes) {
		return d.codeHashed(s, src.hashes[code], share)
	}
	return d.codeString(s, share)
}

func (d *Dict) codeHashed(s string, h uint32, share bool) uint32 {
	c, at := d.find(h, s)
	if c != 0 {
		return c
	}
	if !share {
		s = d.copy(bytesOf(s))
	}
	return d.insert(at, h, s)
}

func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// find returns the code of s, or 0 and the slot where it belongs.
func (d *Dict) find(h uint32, s string) (code uint32, at int) {
	if len(d.hashes) < len(d.Values) || d.full() {
		d.index()
	}
	mask := len(d.slots) - 1
	for at = int(h) & mask; ; at = (at + 1) & mask {
		slot := d.slots[at]
		if slot == 0 {
			return 0, at
		}
		if uint32(slot>>32) == h && d.Values[uint32(slot)] == s {
			return uint32(slot), at
		}
	}
}

func (d *Dict) insert(at int, h uint32, s string) uint32 {
	c := uint32(len(d.Values))
	d.slots[at] = uint64(h)<<32 | uint64(c)
	d.Values = append(d.Values, s)
	d.hashes = append(d.hashes, h)
	d.size += len(s)
	return c
}

// append adds a string that is known not to be there, without looking.
func (d *Dict) append(s string) uint32 {
	d.Values = append(d.Values, s)
	d.size += len(s)
	return uint32(len(d.Values) - 1)
}

// index takes in what append added, and makes room in the hash table. Only what
// is new goes into a table that has room: append and find may take turns.
func (d *Dict) index() {
	from := max(1, len(d.hashes))
	for _, s := range d.Values[len(d.hashes):] {
		d.hashes = append(d.hashes, hashOf(bytesOf(s)))
	}
	if d.full() {
		n := max(16, len(d.slots))
		for 2*(len(d.Values)+1) > n {
			n *= 2
		}
		d.slots, from = make([]uint64, n), 1
		// As many more as there will be before the next time.
		d.Values = slices.Grow(d.Values, n*3/4-len(d.Values))
		d.hashes = slices.Grow(d.hashes, n*3/4-len(d.hashes))
	}
	mask := len(d.slots) - 1
	for c := from; c < len(d.Values); c++ {
		at := int(d.hashes[c]) & mask
		for d.slots[at] != 0 {
			at = (at + 1) & mask
		}
		d.slots[at] = uint64(d.hashes[c])<<32 | uint64(c)
	}
}

// full reports whether the hash table has no room for one more string.
func (d *Dict) full() bool { return 4*(len(d.Values)+1) > 3*len(d.slots) }

// copy returns a string with the bytes of b in memory of the dictionary. Short
// strings share blocks, so that a dictionary of many is a few allocations.
func (d *Dict) copy(b []byte) string {
	const maxShared, maxBlock = 1 << 10, 64 << 10
	if len(b) > maxShared {
		return string(b)
	}
	if len(d.arena) < len(b) {
		// Blocks grow with what is held, so that a small dictionary is small.
		d.block = make([]byte, max(64, len(b), min(d.size, maxBlock)))
		d.arena = d.block
	}
	n := copy(d.arena, b)
	s := unsafe.String(unsafe.SliceData(d.arena), n)
	d.arena = d.arena[n:]
	return s
}

// bytes returns an estimate of the memory held.
func (d *Dict) bytes() int {
	return d.size + len(d.arena) + 16*cap(d.Values) + 8*len(d.slots) + 4*cap(d.hashes)
}

// snapshot returns a dictionary with the values d has now, which stays valid
// while d grows. Nothing may be added to it.
func (d *Dict) snapshot() *Dict {
	if d == nil {
		return nil
	}
	return &Dict{Values: slices.Clip(d.Values), size: d.size}
}

// seal gives up what is needed only to add values.
func (d *Dict) seal() {
	if d != nil {
		d.slots, d.hashes, d.arena, d.block = nil, nil, nil, nil
	}
}
