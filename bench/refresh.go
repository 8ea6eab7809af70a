package bench

import (
	"crypto/rand"
	"encoding/binary"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

// refresher makes new spans of captured ones, in place: with other ids and
// times, so that nothing is stored twice or refused as too old.
type refresher struct {
	mask  [16]byte // changes every id; parents and links still lead to their spans
	shift uint64   // is added to every time
}

// renew draws the ids of the next lap over the capture.
func (r *refresher) renew() error {
	_, err := rand.Read(r.mask[:])
	return err
}

// request moves a request of spans to now and returns how many there are.
func (r *refresher) request(msg []byte, now time.Time) (spans int, err error) {
	newest := uint64(0)
	err = eachRecord(msg, func(span []byte) error {
		spans++
		return fields(span, func(f *otlpwire.Fields) error {
			if f.Num == otlpwire.SpanEndTimeUnixNano {
				newest = max(newest, f.Fixed64())
			}
			return nil
		})
	})
	if err != nil {
		return 0, err
	}
	r.shift = uint64(now.UnixNano()) - newest
	return spans, eachRecord(msg, r.span)
}

func (r *refresher) span(span []byte) error {
	return fields(span, func(f *otlpwire.Fields) error {
		switch f.Num {
		case otlpwire.SpanTraceID, otlpwire.SpanSpanID, otlpwire.SpanParentSpanID:
			r.id(f.Bytes())
		case otlpwire.SpanStartTimeUnixNano, otlpwire.SpanEndTimeUnixNano:
			r.time(f)
		case otlpwire.SpanEvents:
			return fields(f.Bytes(), func(f *otlpwire.Fields) error {
				if f.Num == otlpwire.EventTimeUnixNano {
					r.time(f)
				}
				return nil
			})
		case otlpwire.SpanLinks:
			return fields(f.Bytes(), func(f *otlpwire.Fields) error {
				if f.Num == otlpwire.LinkTraceID || f.Num == otlpwire.LinkSpanID {
					r.id(f.Bytes())
				}
				return nil
			})
		}
		return nil
	})
}

func (r *refresher) log(record []byte) error {
	return fields(record, func(f *otlpwire.Fields) error {
		switch f.Num {
		case otlpwire.LogRecordTraceID, otlpwire.LogRecordSpanID:
			r.id(f.Bytes())
		case otlpwire.LogRecordTimeUnixNano, otlpwire.LogRecordObservedTimeUnixNano:
			r.time(f)
		}
		return nil
	})
}

// metric moves the points of a gauge or a sum.
func (r *refresher) metric(metric []byte) error {
	return fields(metric, func(f *otlpwire.Fields) error {
		if f.Num != otlpwire.MetricGauge && f.Num != otlpwire.MetricSum {
			return nil
		}
		return fields(f.Bytes(), func(f *otlpwire.Fields) error {
			if f.Num != otlpwire.GaugeDataPoints { // and of a sum
				return nil
			}
			return fields(f.Bytes(), func(f *otlpwire.Fields) error {
				if f.Num == otlpwire.NumberDataPointTimeUnixNano || f.Num == otlpwire.NumberDataPointStartTimeUnixNano {
					r.time(f)
				}
				return nil
			})
		})
	})
}

func (r *refresher) id(id []byte) {
	for i := range id {
		id[i] ^= r.mask[i%len(r.mask)]
	}
}

// time moves a time; 0 is none.
func (r *refresher) time(f *otlpwire.Fields) {
	if f.Fixed64() == 0 {
		return
	}
	raw := f.Raw()
	binary.LittleEndian.PutUint64(raw[len(raw)-8:], f.Fixed64()+r.shift)
}

// eachRecord calls do with every Span, LogRecord or Metric of a request.
func eachRecord(msg []byte, do func(record []byte) error) error {
	descend := func(num protowire.Number, next func([]byte) error) func([]byte) error {
		return func(msg []byte) error {
			return fields(msg, func(f *otlpwire.Fields) error {
				if f.Num != num {
					return nil
				}
				return next(f.Bytes())
			})
		}
	}
	return descend(otlpwire.RequestResource, descend(otlpwire.GroupScopes, descend(otlpwire.ScopeGroupRecords, do)))(msg)
}

func fields(msg []byte, do func(f *otlpwire.Fields) error) error {
	f := otlpwire.Scan(msg)
	for f.Next() {
		if err := do(&f); err != nil {
			return err
		}
	}
	return f.Err()
}
