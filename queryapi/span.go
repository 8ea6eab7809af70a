package queryapi

import (
	"encoding/json"
	"net/http"
)

// span answers with one span whole. Of several with the same id, which is a
// fault of their sender, it is the first.
func (a *api) span(w http.ResponseWriter, r *http.Request) {
	trace, err := traceIDOf(r)
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	id, err := idOf(r, "span_id", 16)
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	a.looks(func(l *look) (any, error) {
		s := &selection{table: "spans", args: map[string]any{"q_trace": trace, "q_span": id}}
		s.and("trace_id = :q_trace")
		s.and("span_id = :q_span")
		list, err := l.objects(s, "*, resource, scope", "ORDER BY timestamp LIMIT 1")
		if err != nil {
			return nil, err
		}
		if len(list) == 0 {
			return nil, notFoundError("no span " + id + " of trace " + trace + " is stored")
		}
		return nested(list[0])
	})(w, r)
}

// nested returns a span with its events and links as JSON, which are text in
// the answers to queries.
func nested(object json.RawMessage) (json.RawMessage, error) {
	var span map[string]json.RawMessage
	if err := json.Unmarshal(object, &span); err != nil {
		return nil, err
	}
	for _, name := range []string{"events", "links"} {
		var text *string
		if err := json.Unmarshal(span[name], &text); err != nil {
			return nil, err
		}
		if text == nil || *text == "" {
			span[name] = json.RawMessage("[]")
		} else {
			span[name] = json.RawMessage(*text)
		}
	}
	return json.Marshal(span)
}
