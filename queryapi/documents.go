package queryapi

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ttlog/ttlog/query"
	"github.com/ttlog/ttlog/queryapi/internal/documents"
)

// documentKind is a kind of documents that people keep: a call for all of them,
// and three for each.
type documentKind struct {
	*api
	folder *documents.Folder
	check  func(doc map[string]json.RawMessage) error
}

// keep adds the calls for what is kept.
func (a *api) keep(routes map[string]http.Handler) {
	for name, check := range map[string]func(map[string]json.RawMessage) error{"dashboards": checkDashboard, "queries": checkSaved} {
		k := documentKind{a, &documents.Folder{Path: filepath.Join(a.Documents, name)}, check}
		routes["GET /api/v1/"+name] = takes(k.list)
		routes["GET /api/v1/"+name+"/{id}"] = takes(k.get)
		routes["PUT /api/v1/"+name+"/{id}"] = takes(a.ownOrigin(k.put))
		routes["DELETE /api/v1/"+name+"/{id}"] = takes(a.ownOrigin(k.remove))
	}
	a.resolved = &documents.Folder{Path: filepath.Join(a.Documents, "resolved")}
	routes["PUT /api/v1/errors/{issue_id}/resolved"] = takes(a.ownOrigin(a.resolve))
	routes["DELETE /api/v1/errors/{issue_id}/resolved"] = takes(a.ownOrigin(a.reopen))
}

// ownOrigin lets no page of another origin write, whichever may read.
func (a *api) ownOrigin(h http.HandlerFunc) http.HandlerFunc {
	var pages http.CrossOriginProtection
	return func(w http.ResponseWriter, r *http.Request) {
		if err := pages.Check(r); err != nil {
			fail(w, http.StatusForbidden, "only a page of this server may write: "+err.Error())
			return
		}
		h(w, r)
	}
}

// documentInfo is what a list says of a document.
type documentInfo struct {
	ID      string    `json:"id"`
	Title   string    `json:"title"`
	Updated time.Time `json:"updated"`
	Bytes   int       `json:"bytes"`
	ETag    string    `json:"etag"`
}

func infoOf(d documents.Document) documentInfo {
	var doc struct {
		Title string `json:"title"`
	}
	_ = json.Unmarshal(d.Body, &doc) // somebody may have edited the file
	return documentInfo{d.ID, doc.Title, d.Updated, len(d.Body), etagOf(d)}
}

func etagOf(d documents.Document) string { return `"` + d.Tag + `"` }

func (k documentKind) list(w http.ResponseWriter, _ *http.Request) {
	list := []documentInfo{}
	if err := k.folder.List(func(d documents.Document) { list = append(list, infoOf(d)) }); err != nil {
		k.failDocument(w, err)
		return
	}
	slices.SortStableFunc(list, func(a, b documentInfo) int { return cmp.Compare(a.Title, b.Title) })
	writeJSON(w, list)
}

func (k documentKind) get(w http.ResponseWriter, r *http.Request) {
	d, err := k.folder.Get(r.PathValue("id"))
	if err != nil {
		k.failDocument(w, err)
		return
	}
	w.Header().Set("ETag", etagOf(d))
	w.Header().Set("Content-Type", "application/json")
	if slices.Contains(tagsIn(r.Header.Get("If-None-Match")), d.Tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	_, _ = w.Write(d.Body) // the client went away
}

func (k documentKind) put(w http.ResponseWriter, r *http.Request) {
	body, doc, status, err := readDocument(w, r)
	if err == nil {
		err, status = k.check(doc), http.StatusBadRequest
	}
	if err != nil {
		p := problem{Status: status, Detail: err.Error()}
		if q, ok := errors.AsType[*query.Error](err); ok {
			p.Line, p.Column = q.Line, q.Column
		}
		writeProblem(w, p)
		return
	}
	d, created, err := k.folder.Put(r.PathValue("id"), body, conditionOf(r))
	if err != nil {
		k.failDocument(w, err)
		return
	}
	w.Header().Set("ETag", etagOf(d))
	if created {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
	}
	writeJSON(w, infoOf(d))
}

func (k documentKind) remove(w http.ResponseWriter, r *http.Request) {
	if err := k.folder.Delete(r.PathValue("id"), conditionOf(r)); err != nil {
		k.failDocument(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// conditionOf returns what has to be there for a write.
func conditionOf(r *http.Request) documents.Condition {
	var c documents.Condition
	if tags := tagsIn(r.Header.Get("If-Match")); len(tags) > 0 {
		c.Tag = tags[0]
	}
	c.Absent = r.Header.Get("If-None-Match") == "*"
	return c
}

func tagsIn(header string) (tags []string) {
	for tag := range strings.SplitSeq(header, ",") {
		if tag = strings.Trim(strings.TrimPrefix(strings.TrimSpace(tag), "W/"), `"`); tag != "" {
			tags = append(tags, tag)
		}
	}
	return tags
}

// failDocument answers with what went wrong with a document.
func (a *api) failDocument(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	switch {
	case errors.Is(err, documents.ErrNotFound):
		status = http.StatusNotFound
	case errors.Is(err, documents.ErrID):
		status = http.StatusBadRequest
	case errors.Is(err, documents.ErrChanged):
		status = http.StatusPreconditionFailed
	case errors.Is(err, documents.ErrFull):
		status = http.StatusUnprocessableEntity
	default:
		a.Logger.Error("queryapi: a document could not be kept", "error", err)
	}
	fail(w, status, err.Error())
}

// readDocument reads a body that is a JSON object.
func readDocument(w http.ResponseWriter, r *http.Request) (body []byte, doc map[string]json.RawMessage, status int, err error) {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return nil, nil, http.StatusUnsupportedMediaType, errors.New("a document is application/json")
	}
	body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, documents.MaxBytes))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, nil, http.StatusRequestEntityTooLarge, fmt.Errorf("a document of more than %d bytes", documents.MaxBytes)
	}
	if err == nil {
		err = json.Unmarshal(body, &doc)
	}
	if err == nil && doc == nil {
		err = errors.New("null")
	}
	if err != nil {
		return nil, nil, http.StatusBadRequest, fmt.Errorf("the body is no JSON object: %w", err)
	}
	return bytes.TrimSpace(body), doc, 0, nil
}

// textIn returns a member of a document that is a text of so many characters.
func textIn(doc map[string]json.RawMessage, name string, most int) (string, error) {
	var text string
	raw, ok := doc[name]
	if !ok {
		return "", fmt.Errorf("the document has no %q", name)
	}
	if err := json.Unmarshal(raw, &text); err != nil || text == "" || utf8.RuneCountInString(text) > most {
		return "", fmt.Errorf("%q is no text of 1 to %d characters", name, most)
	}
	return text, nil
}

const (
	maxTitle     = 200
	maxSavedText = 100_000
)

// checkSaved looks at a saved query: what cannot be parsed is not worth keeping.
func checkSaved(doc map[string]json.RawMessage) error {
	if _, err := textIn(doc, "title", maxTitle); err != nil {
		return err
	}
	text, err := textIn(doc, "query", maxSavedText)
	if err == nil {
		_, err = query.Parse(text)
	}
	return err
}

// checkDashboard looks at what every dashboard has. What panels there are is
// for who draws them.
func checkDashboard(doc map[string]json.RawMessage) error {
	if _, err := textIn(doc, "title", maxTitle); err != nil {
		return err
	}
	if doc["panels"] == nil {
		return nil
	}
	var panels []map[string]json.RawMessage
	if err := json.Unmarshal(doc["panels"], &panels); err != nil {
		return errors.New(`"panels" is no list of objects`)
	}
	for i, panel := range panels {
		if _, err := textIn(panel, "query", maxSavedText); err != nil {
			return fmt.Errorf("panel %d: %w", i+1, err)
		}
	}
	return nil
}
