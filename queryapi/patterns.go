package queryapi

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ttlog/ttlog/query"
	"github.com/ttlog/ttlog/queryapi/internal/template"
)

// patternsAnswer is what /api/v1/patterns answers with.
type patternsAnswer struct {
	Total    int64     `json:"total"`
	Sampled  float64   `json:"sampled"`
	Patterns []pattern `json:"patterns"`
}

// pattern is what the bodies of log records have in common.
type pattern struct {
	Template  string           `json:"template"`
	Count     int64            `json:"count"`
	First     time.Time        `json:"first"`
	Last      time.Time        `json:"last"`
	Levels    map[string]int64 `json:"levels"`
	Services  []string         `json:"services"`
	Sample    string           `json:"sample"`
	Condition string           `json:"condition"`
}

const (
	// patternSample is how many log records are looked at.
	patternSample = 100_000
	// maxPatternServices is how many services of a pattern are named.
	maxPatternServices = 20
	maxPatterns        = 1000
	// maxSampleText is how much of a message is shown.
	maxSampleText = 4096
)

// patternStats is what is counted of a pattern.
type patternStats struct {
	count       int64
	first, last int64
	levels      map[string]int64
	services    map[string]bool
	sample      string
}

// patterns answers with what the bodies of log records have in common.
func patterns(l *look) (any, error) {
	s, err := l.selection("logs")
	if err != nil {
		return nil, err
	}
	limit, err := l.number("limit", 1, maxPatterns, 50)
	if err != nil {
		return nil, err
	}
	sample, err := l.sample(s, patternSample)
	if err != nil {
		return nil, err
	}
	var clusters template.Clusters[patternStats]
	_, err = l.each(sample.sql("body, timestamp, level, service", ""), sample.args, func(b *query.Batch, i int) error {
		sample.rows++
		body, _ := b.Text(i, 0)
		known := clusters.Known()
		c := clusters.Add(body)
		if clusters.Known() > known {
			if err := l.held.Grow(int64(2*min(len(body), maxSampleText) + 1024)); err != nil {
				return err
			}
		}
		c.Of.add(b, i, body)
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := patternsAnswer{Total: sample.total, Sampled: sample.share(), Patterns: []pattern{}}
	all := clusters.All()
	slices.SortStableFunc(all, func(a, b *template.Cluster[patternStats]) int { return cmp.Compare(b.Of.count, a.Of.count) })
	for _, c := range all[:min(len(all), limit)] {
		out.Patterns = append(out.Patterns, pattern{
			Template: c.Template(), Count: c.Of.count, Levels: c.Of.levels, Sample: c.Of.sample,
			First: time.Unix(0, c.Of.first).UTC(), Last: time.Unix(0, c.Of.last).UTC(),
			Services:  append([]string{}, slices.Sorted(maps.Keys(c.Of.services))...),
			Condition: "body ~ '" + strings.ReplaceAll(c.Pattern(), "'", "''") + "'",
		})
	}
	return out, nil
}

// add counts the row body, timestamp, level, service.
func (p *patternStats) add(b *query.Batch, i int, body string) {
	at, _ := b.Int(i, 1)
	if p.count == 0 {
		p.first, p.last, p.levels, p.services = at, at, map[string]int64{}, map[string]bool{}
		p.sample = strings.ToValidUTF8(strings.Clone(body[:min(len(body), maxSampleText)]), "\ufffd")
	}
	p.count++
	p.first, p.last = min(p.first, at), max(p.last, at)
	level, _ := b.Text(i, 2)
	if _, known := p.levels[level]; known || len(p.levels) < maxPatternServices {
		p.levels[strings.Clone(level)]++
	}
	if service, ok := b.Text(i, 3); ok && len(p.services) < maxPatternServices && !p.services[service] {
		p.services[strings.Clone(service)] = true
	}
}
