package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/ttlog/ttlog/bench/internal/clickhouse"
	"github.com/ttlog/ttlog/query"
	"github.com/ttlog/ttlog/queryapi"
	"github.com/ttlog/ttlog/storage"
)

// ttlogEngine answers from a data directory as `ttlog serve` does, without a
// socket in between: ClickHouse runs in this process too, and both write their rows
// as JSON.
type ttlogEngine struct {
	store *storage.Store
	api   http.Handler
}

func openTTLog(dir string, o storage.Options) (*ttlogEngine, error) {
	s, err := storage.Open(dir, o)
	if err != nil {
		return nil, err
	}
	return &ttlogEngine{s, queryapi.New(queryapi.Options{Source: query.FromStore(s), Traces: s})}, nil
}

// call makes a call of the API and returns the body of the answer.
func (e *ttlogEngine) call(ctx context.Context, method, path, body string) ([]byte, error) {
	r := httptest.NewRequestWithContext(ctx, method, "http://localhost"+path, strings.NewReader(body))
	w := httptest.NewRecorder()
	e.api.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		return nil, fmt.Errorf("ttlog: %s", bytes.TrimSpace(w.Body.Bytes()))
	}
	return w.Body.Bytes(), nil
}

// query runs a query and returns the JSON document of the answer.
func (e *ttlogEngine) query(ctx context.Context, sql string) ([]byte, error) {
	return e.call(ctx, http.MethodPost, "/api/v1/query", sql)
}

// rows runs a query and returns its rows.
func (e *ttlogEngine) rows(ctx context.Context, sql string) ([][]any, error) {
	body, err := e.query(ctx, sql)
	if err != nil {
		return nil, err
	}
	return rowsOf(body)
}

// rowsOf returns the rows of an answer.
func rowsOf(body []byte) ([][]any, error) {
	var doc struct{ Rows []json.RawMessage }
	if err := json.Unmarshal(body, &doc); err != nil {
		return nil, err
	}
	var all bytes.Buffer
	for _, row := range doc.Rows {
		all.Write(row)
	}
	return decodeRows(&all)
}

// chFormat is rows of JSON arrays, as ttlog writes them.
const chFormat = "JSONCompactEachRow"

// openClickHouse opens a database. The settings make its JSON the same as
// ttlog's; what concerns speed is left as it comes.
func openClickHouse(dir string) (*clickhouse.DB, error) {
	library, err := clickhouse.Library()
	if err != nil {
		return nil, err
	}
	db, err := clickhouse.Open(library, dir)
	if err != nil {
		return nil, err
	}
	if err := db.Exec("SET date_time_output_format = 'iso', output_format_json_quote_64bit_integers = 0, session_timezone = 'UTC'"); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// engines are the two that are compared.
type engines struct {
	ttlog      *ttlogEngine
	clickhouse *clickhouse.DB
}

// compare asks both and says where their answers differ.
func (e engines) compare(ctx context.Context, q question) error {
	got, err := e.ttlog.rows(ctx, q.ttlog)
	if err != nil {
		return err
	}
	sql := q.exact
	if sql == "" {
		sql = q.clickhouse
	}
	text, err := e.clickhouse.Query(sql, chFormat)
	if err != nil {
		return err
	}
	want, err := decodeRows(bytes.NewReader(text))
	if err != nil {
		return err
	}
	return q.sameRows(got, want)
}

// race measures both in turn, [Rounds] times after one that is not counted, and
// returns the medians.
func race(ttlog, peer func() error) (mine, theirs took, err error) {
	var a, b lapse
	for round := range Rounds + 1 {
		if err := errors.Join(a.measure(ttlog), b.measure(peer)); err != nil {
			return took{}, took{}, err
		}
		if round == 0 {
			a, b = lapse{}, lapse{} // what is warm only now
		}
	}
	return a.medians(), b.medians(), nil
}

// took is how many milliseconds a call takes, by the clock and of processors. The
// first is what counts; on a machine that is busy the second is steadier.
type took struct{ ms, cpu float64 }

// String is for the log.
func (t took) String() string { return fmt.Sprintf("%.1f ms (%.1f CPU)", t.ms, t.cpu) }

// lapse is the samples of a call.
type lapse struct{ ms, cpu []float64 }

func (l *lapse) measure(call func() error) error {
	start, cpu := time.Now(), cpuTime()
	err := call()
	l.cpu = append(l.cpu, float64(cpuTime()-cpu)/float64(time.Millisecond))
	l.ms = append(l.ms, float64(time.Since(start))/float64(time.Millisecond))
	return err
}

func (l *lapse) medians() took { return took{median(l.ms), median(l.cpu)} }
