package queryapi

import (
	"fmt"
	"strings"
)

// valuesAnswer is what /api/v1/values answers with.
type valuesAnswer struct {
	Values []valueCount `json:"values"`
}

type valueCount struct {
	Value any   `json:"value"`
	Count int64 `json:"count"`
}

// likeEscape makes a text one that LIKE takes as it is.
var likeEscape = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// values answers with the most frequent values of an expression, for completion.
func values(l *look) (any, error) {
	s, err := l.signalSelection()
	if err != nil {
		return nil, err
	}
	limit, err := l.number("limit", 1, maxValues, 20)
	if err != nil {
		return nil, err
	}
	keys, err := l.expressions("key", s.table, 1)
	if err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		return nil, badParam("key", "which expression's values?")
	}
	key := keys[0].sql
	s.and(key + " IS NOT NULL")
	if prefix := l.params.Get("prefix"); prefix != "" {
		// A pattern is a constant of the text, not a parameter.
		s.and("(" + key + ")::string ILIKE '" + strings.ReplaceAll(likeEscape.Replace(prefix), "'", "''") + "%'")
	}
	rows, err := l.selectRows(s, key+", count(*)", fmt.Sprintf("GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT %d", limit))
	out := valuesAnswer{Values: make([]valueCount, 0, len(rows))}
	for _, row := range rows {
		n, _ := row[1].(int64)
		out.Values = append(out.Values, valueCount{jsonValue(row[0]), n})
	}
	return out, err
}
