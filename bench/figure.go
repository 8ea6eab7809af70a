// Package bench measures ttlog beside its peers, in one run on one machine,
// so that a figure is always a ratio. The peers' modules are required here and
// stay out of the root module.
//
// Each measurement alternates the two sides, [Rounds] times, and reports
// medians: the machine may be shared and noisy. The entry point is [Run].
package bench

import (
	"encoding/json"
	"os"
	"slices"
)

// Rounds is how often each side is measured.
const Rounds = 7

// Figure is one row of bench/results.json.
type Figure struct {
	ID   string `json:"id"`
	Unit string `json:"unit"`
	// TTLog and Peer are medians; Peer is null where there is no peer. Missing
	// says that ttlog cannot do yet what is measured: TTLog is 0 then.
	TTLog    float64  `json:"ttlog"`
	Missing  bool     `json:"missing,omitempty"`
	Peer     *float64 `json:"peer"`
	PeerName string   `json:"peer_name"`
	// Ratio is TTLog / Peer.
	Ratio *float64 `json:"ratio"`
	// Target is what the value of TTLog has to reach, in words that name the
	// bound; Met tells whether this run did.
	Target string `json:"target"`
	Met    bool   `json:"met"`
}

// withPeer fills in the peer's side of a figure.
func (f Figure) withPeer(name string, value float64) Figure {
	f.PeerName, f.Peer = name, &value
	if value != 0 && !f.Missing {
		ratio := f.TTLog / value
		f.Ratio = &ratio
	}
	return f
}

// atMost and atLeast judge a figure against a bound on ttlog's own value.
func (f Figure) atMost(bound float64, words string) Figure {
	f.Target, f.Met = words, f.TTLog <= bound
	return f
}

func (f Figure) atLeast(bound float64, words string) Figure {
	f.Target, f.Met = words, f.TTLog >= bound
	return f
}

// ratioAtMost judges a figure by its ratio to the peer.
func (f Figure) ratioAtMost(bound float64, words string) Figure {
	f.Target, f.Met = words, f.Ratio != nil && *f.Ratio <= bound
	return f
}

// WriteResults writes the figures as an indented JSON array.
func WriteResults(path string, figures []Figure) error {
	out, err := json.MarshalIndent(figures, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(out, '\n'), 0o644)
}

// ReadResults reads what WriteResults wrote.
func ReadResults(path string) (figures []Figure, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return figures, json.Unmarshal(text, &figures)
}

// Merge puts figures in the place of earlier ones with the same ids, and behind
// them what is new.
func Merge(earlier, figures []Figure) []Figure {
	all := slices.Clone(earlier)
	for _, f := range figures {
		i := slices.IndexFunc(all, func(e Figure) bool { return e.ID == f.ID })
		if i < 0 {
			all = append(all, f)
			continue
		}
		all[i] = f
	}
	return all
}

// median returns the middle of the samples.
func median(samples []float64) float64 {
	s := slices.Sorted(slices.Values(samples))
	if n := len(s); n%2 == 0 {
		return (s[n/2-1] + s[n/2]) / 2
	}
	return s[len(s)/2]
}
