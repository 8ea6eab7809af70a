package bench

import (
	"embed"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// The corpus is what the interfaces of peers ask, in the words of both engines
// side by side: files of
//
//	-- query name [rows] [within tolerance]
//	-- ttlog
//	SELECT …
//	-- clickhouse
//	SELECT …
//	-- exact
//	SELECT …
//
// rows compares nothing but how many rows there are, within allows numbers to differ by
// that share, and exact is what ClickHouse is asked for the comparison where the
// statement that is measured gives estimates. {trace} and the like stand for values
// of the data.
//
//go:embed corpus/*.sql
var corpusFiles embed.FS

// question is one query in both languages.
type question struct {
	name              string
	ttlog, clickhouse string
	exact             string // "" where clickhouse is
	rows              bool
	within            float64
}

// readCorpus returns the questions of a file.
func readCorpus(name string) ([]question, error) {
	text, err := fs.ReadFile(corpusFiles, "corpus/"+name)
	if err != nil {
		return nil, err
	}
	var list []question
	var part *string
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		switch {
		case len(words) == 0, words[0] == "#":
		case words[0] != "--":
			if part == nil {
				return nil, fmt.Errorf("corpus/%s: %q stands behind no heading", name, line)
			}
			*part += line
		case words[1] == "query":
			q, err := newQuestion(words[2:])
			if err != nil {
				return nil, fmt.Errorf("corpus/%s: %q: %w", name, line, err)
			}
			list, part = append(list, q), nil
		default:
			q := &list[len(list)-1]
			part = map[string]*string{"ttlog": &q.ttlog, "clickhouse": &q.clickhouse, "exact": &q.exact}[words[1]]
		}
	}
	return list, nil
}

func newQuestion(words []string) (q question, err error) {
	q.name, q.within = words[0], 1e-9
	for i := 1; i < len(words); i++ {
		switch words[i] {
		case "rows":
			q.rows = true
		case "within":
			i++
			if q.within, err = strconv.ParseFloat(words[i], 64); err != nil {
				return q, err
			}
		default:
			return q, fmt.Errorf("what is %q", words[i])
		}
	}
	return q, nil
}

// fill puts values of the data in the place of their names.
func (q question) fill(values *strings.Replacer) question {
	for _, text := range []*string{&q.ttlog, &q.clickhouse, &q.exact} {
		*text = values.Replace(*text)
	}
	return q
}
