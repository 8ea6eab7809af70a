package queryapi

import (
	"encoding/json"
	"net/http"

	"github.com/ttlog/ttlog/queryapi/internal/documents"
)

// judge sets the state of an issue that was resolved, or was not.
func (i *issue) judge(r *resolution) {
	i.Resolved, i.State = r, "open"
	if r == nil {
		return
	}
	i.State = "resolved"
	if i.Last.After(r.At) {
		i.State = "regressed"
	}
}

// resolutions returns what was resolved, by the ids of issues.
func (a *api) resolutions() (map[string]*resolution, error) {
	known := map[string]*resolution{}
	if a.resolved == nil {
		return known, nil
	}
	return known, a.resolved.List(func(d documents.Document) {
		var r resolution
		if json.Unmarshal(d.Body, &r) == nil && !r.At.IsZero() {
			known[d.ID] = &r
		}
	})
}

// resolve notes that an issue is over, as far as somebody knows.
func (a *api) resolve(w http.ResponseWriter, r *http.Request) {
	res := resolution{At: a.now().UTC()}
	if r.ContentLength != 0 {
		_, doc, status, err := readDocument(w, r)
		if err == nil && doc["note"] != nil {
			res.Note, err = textIn(doc, "note", maxSavedText)
			status = http.StatusBadRequest
		}
		if err != nil {
			fail(w, status, err.Error())
			return
		}
	}
	id, err := idOf(r, "issue_id", 16)
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	body, err := json.Marshal(res)
	if err == nil {
		_, _, err = a.resolved.Put(id, body, documents.Condition{})
	}
	if err != nil {
		a.failDocument(w, err)
		return
	}
	writeJSON(w, res)
}

// reopen forgets that an issue was resolved.
func (a *api) reopen(w http.ResponseWriter, r *http.Request) {
	id, err := idOf(r, "issue_id", 16)
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	if err := a.resolved.Delete(id, documents.Condition{}); err != nil {
		a.failDocument(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
