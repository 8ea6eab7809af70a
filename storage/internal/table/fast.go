package table

import (
	"encoding/binary"

	"github.com/ttlog/ttlog/storage/column"
)

// The first bytes of the fields that fastKeyValue knows: number and wire type.
const (
	tagKey    = 1<<3 | 2 // KeyValue.key
	tagValue  = 2<<3 | 2 // KeyValue.value
	tagString = 1<<3 | 2 // AnyValue.string_value
	tagBool   = 2 << 3   // AnyValue.bool_value
	tagInt    = 3 << 3   // AnyValue.int_value
	tagDouble = 4<<3 | 1 // AnyValue.double_value
)

// fastKeyValue parses a KeyValue message of the shape that nearly all have: a
// key and a plain value, both shorter than 128 bytes, in this order, each once.
// ok is false for body other, also a wrong one: the general parser decides.
func fastKeyValue(kv []byte) (key []byte, v value, ok bool) {
	if len(kv) < 4 || kv[0] != tagKey || kv[1] >= 0x80 {
		return nil, v, false
	}
	at := 2 + int(kv[1])
	if at+2 > len(kv) || kv[at] != tagValue || int(kv[at+1]) != len(kv)-at-2 || kv[at+1] >= 0x80 {
		return nil, v, false
	}
	key, body := kv[2:at], kv[at+2:]
	if len(body) < 2 {
		return nil, v, false
	}
	switch body[0] {
	case tagString:
		v.typ, v.bytes = column.TypeString, body[2:]
		ok = int(body[1]) == len(body)-2
	case tagInt:
		n, size := binary.Uvarint(body[1:])
		v.typ, v.num = column.TypeInt64, int64(n)
		ok = size == len(body)-1
	case tagBool:
		v.typ, v.num = column.TypeBool, int64(body[1])
		ok = len(body) == 2 && body[1] <= 1
	case tagDouble:
		if ok = len(body) == 9; ok {
			v.typ, v.num = column.TypeFloat64, int64(binary.LittleEndian.Uint64(body[1:]))
		}
	}
	return key, v, ok
}
