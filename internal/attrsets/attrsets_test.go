package attrsets_test

import (
	"fmt"
	"math"
	"reflect"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/ttlog/ttlog/internal/attrsets"
)

func set(o attrsets.Options) attribute.Set { return metric.NewAddConfig(o.Add).Attributes() }

// TestCache_IsTheSet: whatever was there before, the options are those of the
// attributes.
func TestCache_IsTheSet(t *testing.T) {
	var c attrsets.Cache
	values := []attribute.Value{
		attribute.StringValue(""), attribute.StringValue("a"), attribute.StringValue("b"), attribute.IntValue(0), attribute.IntValue(1),
		attribute.BoolValue(false), attribute.BoolValue(true), attribute.Float64Value(0), attribute.Float64Value(math.Copysign(0, -1)),
		attribute.Float64Value(1),
		{},
		attribute.StringSliceValue([]string{"a"}), attribute.StringSliceValue([]string{"b"}),
	}
	for range 2 {
		for _, a := range values {
			for _, b := range values {
				for _, keys := range [][2]attribute.Key{{"x", "y"}, {"y", "x"}, {"x", "x"}, {"", "y"}} {
					attrs := []attribute.KeyValue{{Key: keys[0], Value: a}, {Key: keys[1], Value: b}}
					before := fmt.Sprint(attrs)
					got, want := set(c.Of(attrs)), attribute.NewSet(attrs[0], attrs[1])
					if !got.Equals(&want) {
						t.Fatalf("%v: got %v", attrs, got.ToSlice())
					}
					if after := fmt.Sprint(attrs); after != before {
						t.Fatalf("the caller's attributes are %s, were %s", after, before)
					}
				}
			}
		}
	}
	if got := c.Of(nil); !reflect.DeepEqual(got, attrsets.Options{}) {
		t.Errorf("no attributes: got %v", got)
	}
}

// TestCache_ConcurrentSafe looks up more sets than are kept, from many goroutines.
func TestCache_ConcurrentSafe(t *testing.T) {
	var c attrsets.Cache
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range 5000 {
				n := (i + w) % 3000
				got := set(c.Of([]attribute.KeyValue{attribute.Int("n", n)}))
				if v, _ := got.Value("n"); v.AsInt64() != int64(n) {
					t.Errorf("got %v, want %d", v, n)
					return
				}
			}
		})
	}
	wg.Wait()
}
