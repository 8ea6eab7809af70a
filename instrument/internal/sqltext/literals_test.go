package sqltext

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// secret is in every literal and every comment of the random statements, and
// nowhere else.
const secret = "s3cr3t"

// writer writes random statements of one dialect as its server reads them.
type writer struct {
	*rand.Rand
	out strings.Builder
}

func (w *writer) pick(of ...string) string { return of[w.IntN(len(of))] }

// nasty is what is in a literal: the secret among bytes that end or begin
// something elsewhere.
func (w *writer) nasty(without string) string {
	var b strings.Builder
	for _, part := range []int{w.IntN(4), -1, w.IntN(4)} {
		if part < 0 {
			b.WriteString(secret)
		}
		for range part {
			p := w.pick("'", `"`, "`", "[", "]", "--", "-- ", "/*", "*/", "#", "$$", "$x$", `\`, "\n", ";", "(", ")", "q'", " x ", "''", "IN (")
			if without == "" || !strings.ContainsAny(p, without) {
				b.WriteString(p)
			}
		}
	}
	return b.String()
}

// doubled is a string in which the quote doubled stands for itself.
func (w *writer) doubled(prefix, quote string) string {
	return prefix + quote + strings.ReplaceAll(w.nasty(""), quote, quote+quote) + quote
}

// escaped is a string in which a backslash takes the next byte with it.
func (w *writer) escaped(prefix, quote string) string {
	return prefix + quote + strings.NewReplacer(`\`, `\\`, quote, `\`+quote).Replace(w.nasty("")) + quote
}

// tagged is a string between two equal marks.
func (w *writer) tagged(tag string) string { return tag + w.nasty("$") + tag }

func (w *writer) literal(d Dialect) string {
	var all []string
	switch d {
	case PostgreSQL:
		all = []string{
			w.doubled("", "'"), w.escaped("E", "'"), w.escaped("e", "'"), w.doubled("N", "'"), w.doubled("U&", "'"),
			w.doubled("B", "'"), w.tagged("$$"), w.tagged("$fn$"),
		}
	case MySQL: // with and without NO_BACKSLASH_ESCAPES
		all = []string{
			w.escaped("", "'"), w.doubled("", "'"), w.escaped("", `"`), w.doubled("", `"`), w.doubled("N", "'"), w.escaped("_utf8mb4", "'"),
		}
	case SQLite:
		all = []string{w.doubled("", "'"), w.doubled("x", "'"), "= " + w.doubled("", `"`)}
	case SQLServer:
		all = []string{w.doubled("", "'"), w.doubled("N", "'"), "= " + w.doubled("", `"`)}
	case Oracle:
		all = []string{
			w.doubled("", "'"), w.doubled("N", "'"), "q'[" + w.nasty("]") + "]'", "nQ'{" + w.nasty("") + "}'", "Q'!" + w.nasty("") + "!'",
		}
	case ClickHouse:
		all = []string{w.escaped("", "'"), w.tagged("$heredoc$"), w.tagged("$$")}
	case GoogleSQL:
		all = []string{
			w.escaped("", "'"), w.escaped("", `"`), w.escaped("b", "'"), w.escaped("r", `"`), w.escaped("rb", "'"),
			"'''" + w.nasty(`\'`) + "'''", `r"""` + w.nasty(`\"`) + `"""`,
		}
	}
	return w.pick(all...)
}

func (w *writer) comment(d Dialect) string {
	all := []string{"-- " + w.nasty("\n") + "\n", "/* " + w.nasty("*/") + " */"}
	switch d {
	case MySQL, GoogleSQL:
		all = append(all, "#"+w.nasty("\n")+"\n")
	case ClickHouse:
		all = append(all, "# "+w.nasty("\n")+"\n", "#!"+w.nasty("\n")+"\n", "/* /* "+w.nasty("*/")+" */ "+w.nasty("*/")+" */")
	case PostgreSQL, SQLServer:
		all = append(all, "/* /* "+w.nasty("*/")+" */ "+w.nasty("*/")+" */", "--"+w.nasty("\n")+"\n")
	case SQLite, Oracle:
		all = append(all, "--"+w.nasty("\n")+"\n")
	}
	return w.pick(all...)
}

func (w *writer) name(d Dialect) string {
	all := []string{"a", "t1", "Users", "s.t", "é"}
	switch d {
	case MySQL, GoogleSQL:
		all = append(all, "`a b`", "`it's`")
	case ClickHouse:
		all = append(all, "`a b`", `"it's"`, "`a\\`b`")
	case SQLServer:
		all = append(all, "[a b]", "[it's]]]")
	case SQLite:
		all = append(all, "[a b]", "`it's`")
	case PostgreSQL, Oracle:
		all = append(all, `"it's"`, `"a""b"`)
	}
	return w.pick(all...)
}

func (w *writer) password(d Dialect) string {
	if d == Oracle {
		return w.pick("ALTER USER u IDENTIFIED BY "+secret, `CREATE USER u IDENTIFIED BY "`+secret+`"`, "ALTER USER u IDENTIFIED BY x REPLACE "+secret)
	}
	return "CREATE USER u IDENTIFIED BY " + w.literal(d)
}

func (w *writer) statement(d Dialect) string {
	w.out.Reset()
	if w.IntN(20) == 0 {
		return w.password(d)
	}
	w.out.WriteString(w.pick("SELECT ", "INSERT INTO t VALUES (", "UPDATE t SET a = ", "WITH x AS (SELECT ", "DELETE FROM t WHERE a IN ("))
	for range 1 + w.IntN(12) {
		switch w.IntN(6) {
		case 0, 1:
			w.out.WriteString(w.literal(d))
		case 2:
			w.out.WriteString(w.comment(d))
		case 3:
			w.out.WriteString(w.name(d))
		default:
			w.out.WriteString(w.pick(",", " AND ", " = ", "(", ")", ";", " FROM t WHERE ", " IN (", " LIKE ", " - ", " || ", "+", ".5", " 12 ", "::", "?", "$1"))
		}
		w.out.WriteString(w.pick(" ", " ", "\n", ","))
	}
	return w.out.String()
}

// TestAnalyze_NeverShowsALiteral writes random statements of each dialect, which
// are read as that dialect and as one that is not known.
func TestAnalyze_NeverShowsALiteral(t *testing.T) {
	w := &writer{Rand: rand.New(rand.NewPCG(1, 2))}
	for d := PostgreSQL; d <= GoogleSQL; d++ {
		shown := 0
		for range 4_000 {
			q := w.statement(d)
			for _, as := range []Dialect{d, Other} {
				st := Analyze(q, as)
				if strings.Contains(st.Text+st.Summary+st.Collection, secret) {
					if shown++; shown <= 3 {
						t.Errorf("dialect %d read as %d\n%q\nshows a literal in\n%q (%q)", d, as, q, st.Text, st.Summary)
					}
				}
			}
		}
		if shown > 0 {
			t.Errorf("dialect %d: %d show a literal", d, shown)
		}
	}
}
