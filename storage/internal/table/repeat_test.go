package table_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage/column"
	"github.com/ttlog/ttlog/storage/internal/tabletest"
)

// TestDecode_RepeatedKeys makes records of random attributes with few keys, of
// all types and in all columns there are, and compares what comes out with what
// another implementation makes of them.
func TestDecode_RepeatedKeys(t *testing.T) {
	keys := []string{"", "a", "b", "c", strings.Repeat("long", 200), strings.Repeat("long", 201)}
	values := []func(r *rand.Rand) []byte{
		func(*rand.Rand) []byte { return nil }, // no value
		func(r *rand.Rand) []byte { return otlpwire.AppendVarint(nil, otlpwire.AnyValueInt, r.Uint64N(3)) },
		func(r *rand.Rand) []byte { return otlpwire.AppendVarint(nil, otlpwire.AnyValueBool, r.Uint64N(2)) },
		func(r *rand.Rand) []byte { return otlpwire.AppendFixed64(nil, otlpwire.AnyValueDouble, r.Uint64N(2)) },
		func(r *rand.Rand) []byte {
			return otlpwire.AppendString(nil, otlpwire.AnyValueString, strings.Repeat("x", r.IntN(3)))
		},
	}
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 1))
		var requests [][]byte
		counts := tabletest.Counts{}
		for range 50 {
			var record []byte
			for range r.IntN(9) {
				kv := otlpwire.AppendString(nil, otlpwire.KeyValueKey, keys[r.IntN(len(keys))])
				kv = otlpwire.AppendBytes(kv, otlpwire.KeyValueValue, values[r.IntN(len(values))](r))
				record = otlpwire.AppendBytes(record, otlpwire.LogRecordAttributes, kv)
			}
			scope := otlpwire.AppendBytes(nil, otlpwire.ScopeGroupRecords, record)
			resource := otlpwire.AppendBytes(nil, otlpwire.GroupScopes, scope)
			requests = append(requests, otlpwire.AppendBytes(nil, otlpwire.RequestResource, resource))
			counts.Add(t, otlpwire.Logs, requests[len(requests)-1], 1)
		}
		b := block(t, fill(t, otlpwire.Logs, requests...))
		out, err := b.AppendOTLP(nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		counts.Add(t, otlpwire.Logs, out, -1)
		counts.Zero(t, otlpwire.Logs)
		checkVectors(t, otlpwire.Logs, b)
	}
}

// TestDecode_ManyRepeatedKeys takes a record in which thousands of keys come
// many times each; it must not take the square of their number.
func TestDecode_ManyRepeatedKeys(t *testing.T) {
	const keys, times = 10_000, 20
	var record []byte
	for i := range keys * times {
		value := otlpwire.AppendVarint(nil, otlpwire.AnyValueInt, uint64(i))
		kv := otlpwire.AppendString(nil, otlpwire.KeyValueKey, fmt.Sprint("key ", i%keys))
		kv = otlpwire.AppendBytes(kv, otlpwire.KeyValueValue, value)
		record = otlpwire.AppendBytes(record, otlpwire.LogRecordAttributes, kv)
	}
	scope := otlpwire.AppendBytes(nil, otlpwire.ScopeGroupRecords, record)
	resource := otlpwire.AppendBytes(nil, otlpwire.GroupScopes, scope)
	b := block(t, fill(t, otlpwire.Logs, otlpwire.AppendBytes(nil, otlpwire.RequestResource, resource)))
	attrs, err := b.Attributes(column.PlaceRecord)
	if err != nil {
		t.Fatal(err)
	}
	got, err := attrs.Append(nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != keys {
		t.Fatalf("%d attributes, want %d", len(got), keys)
	}
	for _, a := range got {
		if a.Value.Int < keys*(times-1) {
			t.Errorf("%s is %d, which is not its last value", a.Key, a.Value.Int)
		}
	}
}
