package encoding

import (
	"math"
	"strconv"
)

// parseDecimal returns the integer that s is the canonical decimal form of: the
// form that formatting gives back, without a plus, leading zeros or -0.
func parseDecimal(s string) (int64, bool) {
	digits := s
	if len(s) > 0 && s[0] == '-' {
		digits = s[1:]
	}
	if len(digits) == 0 || len(digits) > 19 || digits[0] == '0' && len(s) > 1 {
		return 0, false
	}
	u := uint64(0)
	for i := range len(digits) {
		c := digits[i] - '0'
		if c > 9 {
			return 0, false
		}
		u = u*10 + uint64(c) // 19 digits fit in 64 bits
	}
	switch {
	case len(digits) == len(s) && u <= math.MaxInt64:
		return int64(u), true
	case len(digits) < len(s) && u <= math.MaxInt64+1:
		return -int64(u), true
	}
	return 0, false
}

// appendDecimal appends the decimal codec, which is the values as an integer
// column. It returns false when a value is not canonical.
func (e Encoder) appendDecimal(dst []byte, v []string) ([]byte, bool) {
	ints := make([]int64, len(v))
	for i, s := range v {
		x, ok := parseDecimal(s)
		if !ok {
			return dst, false
		}
		ints[i] = x
	}
	return e.appendInts(append(dst, stringDecimal), ints, 1), true
}

// decimals reads the rest of a decimal column.
func decimals(r *reader, n int) []int64 {
	ints := make([]int64, n)
	readInts(r, ints, 1)
	return ints
}

func readDecimal(r *reader, dst []string, b *budget) {
	ints := decimals(r, len(dst))
	t := newText(len(dst))
	for _, x := range ints {
		at := len(t.buf)
		t.buf = strconv.AppendInt(t.buf, x, 10)
		t.end()
		if b.spend(r, len(t.buf)-at); r.err != nil {
			return
		}
	}
	t.into(dst)
}

// upperHex is the flag of a hex column of upper case; part of the format, never
// renumber.
const upperHex = 1

// parseHex returns the number that s is the canonical form of in the given
// digits' case: up to 16 digits without leading zeros.
func parseHex(s string, letter byte) (uint64, bool) {
	if len(s) == 0 || len(s) > 16 || s[0] == '0' && len(s) > 1 {
		return 0, false
	}
	u := uint64(0)
	for i := range len(s) {
		switch c := s[i]; {
		case c-'0' < 10:
			u = u<<4 | uint64(c-'0')
		case c-letter < 6:
			u = u<<4 | uint64(c-letter+10)
		default:
			return 0, false
		}
	}
	return u, true
}

// appendHex appends the hex codec; false when a value is not canonical or the
// case changes.
//
//	+--------------------+-------------------------------------------+
//	| flags u8: 0 lower, | the numbers, as an integer column (64-bit |
//	| 1 upper case       | two's complement)                         |
//	+--------------------+-------------------------------------------+
func (e Encoder) appendHex(dst []byte, v []string) ([]byte, bool) {
	for flags, letter := range []byte{'a', 'A'} {
		ints := make([]int64, 0, len(v))
		for _, s := range v {
			u, ok := parseHex(s, letter)
			if !ok {
				break
			}
			ints = append(ints, int64(u))
		}
		if len(ints) == len(v) {
			return e.appendInts(append(dst, stringHex, byte(flags)), ints, 1), true
		}
	}
	return dst, false
}

func readHex(r *reader, dst []string, b *budget) {
	flags := r.byte()
	if flags > upperHex {
		r.fail("flags %#x", flags)
	}
	if r.err != nil {
		return
	}
	t := newText(len(dst))
	for _, x := range decimals(r, len(dst)) {
		at := len(t.buf)
		if t.buf = strconv.AppendUint(t.buf, uint64(x), 16); flags == upperHex {
			for i, c := range t.buf[at:] {
				if c >= 'a' {
					t.buf[at+i] = c - ('a' - 'A')
				}
			}
		}
		t.end()
		if b.spend(r, len(t.buf)-at); r.err != nil {
			return
		}
	}
	t.into(dst)
}

// parseIPv4 returns the address that s is the canonical dotted form of.
func parseIPv4(s string) (uint32, bool) {
	addr, part, digits, dots := uint32(0), uint32(0), 0, 0
	for i := range len(s) {
		c := s[i]
		switch {
		case c == '.' && digits > 0 && dots < 3:
			addr, part, digits = addr<<8|part, 0, 0
			dots++
		case c >= '0' && c <= '9' && (digits == 0 || part > 0):
			part = part*10 + uint32(c-'0')
			if digits++; part > 255 {
				return 0, false
			}
		default:
			return 0, false
		}
	}
	return addr<<8 | part, dots == 3 && digits > 0
}

func appendIPv4Text(dst []byte, addr uint32) []byte {
	for shift := 24; shift >= 0; shift -= 8 {
		dst = strconv.AppendUint(dst, uint64(addr>>shift&255), 10)
		if shift > 0 {
			dst = append(dst, '.')
		}
	}
	return dst
}

// appendIPv4 appends the IPv4 codec, which is the addresses as an integer
// column, the first number highest. It returns false when a value is none.
func (e Encoder) appendIPv4(dst []byte, v []string) ([]byte, bool) {
	ints := make([]int64, len(v))
	for i, s := range v {
		x, ok := parseIPv4(s)
		if !ok {
			return dst, false
		}
		ints[i] = int64(x)
	}
	return e.appendInts(append(dst, stringIPv4), ints, 1), true
}

func readIPv4(r *reader, dst []string, b *budget) {
	addrs := make([]uint32, len(dst))
	readInts(r, addrs, 1)
	t := newText(len(dst))
	for _, addr := range addrs {
		at := len(t.buf)
		t.buf = appendIPv4Text(t.buf, addr)
		t.end()
		if b.spend(r, len(t.buf)-at); r.err != nil {
			return
		}
	}
	t.into(dst)
}
