package queryapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/ttlog/ttlog/internal/membudget"
	"github.com/ttlog/ttlog/query"
)

// problem is an RFC 9457 problem document. Line and Column are set for an
// error in the text of a query, or of the Parameter that is part of one.
type problem struct {
	Type      string `json:"type"`
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Detail    string `json:"detail,omitempty"`
	Parameter string `json:"parameter,omitempty"`
	Line      int    `json:"line,omitempty"`
	Column    int    `json:"column,omitempty"`
}

// fail answers with a problem document.
func fail(w http.ResponseWriter, status int, detail string) {
	writeProblem(w, problem{Status: status, Detail: detail})
}

// failQuery answers with what went wrong in a query: a fault of the text is
// 400, a limit of the engine 422, no memory at present 503, and the rest is ours.
func (a *api) failQuery(w http.ResponseWriter, r *http.Request, err error) {
	p := a.problemOf(r, err)
	if p.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", strconv.Itoa(int(membudget.RetryAfter/time.Second)))
	}
	writeProblem(w, p)
}

func (a *api) problemOf(r *http.Request, err error) problem {
	var q *query.Error
	var param *paramError
	var absent notFoundError
	switch {
	case errors.As(err, &param):
		p := problem{Status: http.StatusBadRequest, Detail: err.Error(), Parameter: param.name}
		if errors.As(err, &q) {
			p.Line, p.Column = q.Line, q.Column
		}
		return p
	case errors.As(err, &absent):
		return problem{Status: http.StatusNotFound, Detail: err.Error()}
	case errors.As(err, &q):
		return problem{Status: http.StatusBadRequest, Detail: err.Error(), Line: q.Line, Column: q.Column}
	case errors.Is(err, query.ErrBusy):
		return problem{Status: http.StatusServiceUnavailable, Detail: err.Error()}
	case errors.Is(err, query.ErrLimit) || errors.Is(err, membudget.ErrExhausted):
		return problem{Status: http.StatusUnprocessableEntity, Detail: err.Error()}
	case r.Context().Err() != nil:
		return problem{Status: 499, Title: "Client Closed Request", Detail: err.Error()}
	}
	a.Logger.Error("queryapi: request failed", "path", r.URL.Path, "error", err)
	return problem{Status: http.StatusInternalServerError, Detail: err.Error()}
}

func writeProblem(w http.ResponseWriter, p problem) {
	p = p.complete()
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the client went away
}

// complete fills in what RFC 9457 gives a default.
func (p problem) complete() problem {
	if p.Type == "" {
		p.Type = "about:blank"
	}
	if p.Title == "" {
		p.Title = http.StatusText(p.Status)
	}
	return p
}

// front stands before the mux: it keeps out what the Guard refuses, turns the
// mux's own answers in plain text (404, 405) into problem documents, and answers
// OPTIONS. No answer is to be taken for another type than it says.
func (a *api) front(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, pattern := mux.Handler(r)
		if pattern != otlpPaths {
			if err := a.Guard.Check(r); err != nil {
				fail(w, http.StatusForbidden, err.Error())
				return
			}
		}
		if pattern == "" {
			w = &muxErrors{ResponseWriter: w, r: r}
			if a.UI != nil && isPage(r) {
				a.UI.ServeHTTP(w, r)
				return
			}
		}
		mux.ServeHTTP(w, r)
	})
}

// isPage tells of what is not for the API to answer, not even with an error.
func isPage(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) &&
		!strings.HasPrefix(r.URL.Path, "/api/") && !strings.HasPrefix(r.URL.Path, otlpPaths)
}

// muxErrors replaces the body of an error, which the mux or the UI writes, with a
// problem document.
type muxErrors struct {
	http.ResponseWriter
	r      *http.Request
	failed bool
}

// WriteHeader writes the problem document in place of the mux's header.
func (m *muxErrors) WriteHeader(status int) {
	if status < http.StatusBadRequest {
		m.ResponseWriter.WriteHeader(status)
		return
	}
	m.failed = true
	detail := "no such call: " + m.r.URL.Path
	if status == http.StatusMethodNotAllowed {
		if m.r.Method == http.MethodOptions {
			m.Header().Del("Content-Type")
			m.ResponseWriter.WriteHeader(http.StatusNoContent)
			return
		}
		detail = m.r.URL.Path + " is called with " + m.Header().Get("Allow")
	}
	fail(m.ResponseWriter, status, detail)
}

// Write drops the text of an error.
func (m *muxErrors) Write(b []byte) (int, error) {
	if m.failed {
		return len(b), nil
	}
	return m.ResponseWriter.Write(b)
}

// ReadProblem returns the error that a problem document of an answer describes,
// for clients of the API. It reads at most 64 KiB of the body.
func ReadProblem(resp *http.Response) error {
	body, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil {
		return err
	}
	var p problem
	if json.Unmarshal(body, &p) != nil || p.Detail == "" {
		return fmt.Errorf("the server answered %s: %s", resp.Status, bytes.TrimSpace(body))
	}
	return errors.New(p.Detail)
}
