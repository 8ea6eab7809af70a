package datadir

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ttlog/ttlog/internal/quantity"
	"github.com/ttlog/ttlog/internal/spelling"
	"github.com/ttlog/ttlog/storage"
)

// Retention says how long telemetry is kept.
type Retention struct {
	// Age is for what no rule is for; 0 is for ever.
	Age   time.Duration
	Rules []storage.RetentionRule
}

// retainable are the signals that a rule may name, and * for all.
var retainable = []string{"spans", "logs", "metrics", "*"}

// ParseRetention reads 30d, or a list such as 30d,logs=7d,spans/checkout=90d,*/noise=1d:
// ages of everything, of a signal, of a service's records of a signal, and of a
// service. Of several that fit, the last counts; 0 is for ever.
func ParseRetention(text string) (r Retention, err error) {
	for item := range strings.SplitSeq(text, ",") {
		what, age, of := strings.Cut(strings.TrimSpace(item), "=")
		if !of {
			what, age = "", what
		}
		d, err := quantity.ParseAge(age)
		if err != nil {
			return Retention{}, err
		}
		if !of {
			r = Retention{Age: d} // whatever stood before is about less
			continue
		}
		rule := storage.RetentionRule{Age: d}
		var signal string
		signal, rule.Service, of = strings.Cut(strings.TrimSpace(what), "/")
		if !slices.Contains(retainable, signal) {
			hint := ""
			if near := spelling.Nearest(signal, retainable); near != "" {
				hint = "; did you mean " + near + "?"
			}
			return Retention{}, fmt.Errorf("%q is of no signal: spans, logs, metrics or * for all%s", item, hint)
		}
		if of && rule.Service == "" {
			return Retention{}, fmt.Errorf("%q names no service behind the /", item)
		}
		rule.Signal, _ = storage.SignalNamed(signal)
		r.Rules = append(r.Rules, rule)
	}
	return r, nil
}

// Longest returns how long anything is kept, 0 for ever.
func (r Retention) Longest() time.Duration {
	o := storage.Options{Retention: r.Age, RetentionRules: r.Rules}
	return o.MaxRetention()
}
