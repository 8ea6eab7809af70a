package sqltext

import (
	"slices"
	"strings"

	"github.com/ttlog/ttlog/instrument/internal/attrtext"
)

// verbs are the words a statement may begin with. Only they become an
// operation: any other first word could be anything, and an operation is a
// metric attribute. The value says where the statement's target stands.
var verbs = map[string]target{
	"SELECT": noTarget, "INSERT": noTarget, "UPDATE": nextName, "DELETE": noTarget, "MERGE": noTarget,
	"REPLACE": noTarget, "UPSERT": noTarget, "WITH": noTarget, "VALUES": noTarget, "EXPLAIN": noTarget,
	"CALL": nextName, "EXEC": nextName, "EXECUTE": nextName, "TRUNCATE": nextName, "TABLE": nextName,
	"CREATE": objectName, "ALTER": objectName, "DROP": objectName,
	"BEGIN": noTarget, "START": noTarget, "COMMIT": noTarget, "END": noTarget, "ROLLBACK": noTarget,
	"SAVEPOINT": noTarget, "RELEASE": noTarget, "SET": noTarget, "RESET": noTarget, "SHOW": noTarget,
	"ANALYZE": nextName, "VACUUM": nextName, "REINDEX": noTarget, "OPTIMIZE": noTarget, "PRAGMA": nextName,
	"USE": noTarget, "GRANT": noTarget, "REVOKE": noTarget, "LOCK": nextName, "UNLOCK": noTarget,
	"COPY": nextName, "LOAD": noTarget, "DECLARE": noTarget, "FETCH": noTarget, "CLOSE": noTarget,
	"PREPARE": noTarget, "DEALLOCATE": noTarget, "LISTEN": noTarget, "UNLISTEN": noTarget,
	"NOTIFY": noTarget, "DISCARD": noTarget, "ATTACH": noTarget, "DETACH": noTarget,
	"DESCRIBE": nextName, "DESC": nextName, "REFRESH": objectName, "COMMENT": noTarget, "KILL": noTarget,
	"FLUSH": noTarget, "DO": noTarget, "CHECKPOINT": noTarget, "CLUSTER": nextName, "RENAME": objectName,
}

type target uint8

const (
	noTarget   target = iota
	nextName          // the next name is the target
	objectName        // the kind of an object comes first: CREATE TABLE t
)

// objects are the kinds behind CREATE, ALTER and DROP.
var objects = wordSet("TABLE INDEX VIEW DATABASE SCHEMA SEQUENCE FUNCTION PROCEDURE TRIGGER TYPE " +
	"USER ROLE EXTENSION DOMAIN POLICY RULE TABLESPACE COLLATION AGGREGATE SERVER EVENT")

// modifiers may stand between a verb and its target.
var modifiers = wordSet("IF NOT EXISTS OR REPLACE ONLY TEMP TEMPORARY UNIQUE LOGGED UNLOGGED GLOBAL LOCAL " +
	"MATERIALIZED CONCURRENTLY LOW_PRIORITY IGNORE DELAYED HIGH_PRIORITY QUICK ABORT FAIL ROLLBACK TABLE " +
	"VERBOSE FULL LATERAL VIRTUAL RECURSIVE FOREIGN EXTERNAL")

// clauses end a list of tables.
var clauses = wordSet("WHERE GROUP ORDER HAVING LIMIT OFFSET FETCH WINDOW SET VALUES RETURNING FOR QUALIFY " +
	"UNION EXCEPT INTERSECT MINUS WHEN")

// keywords are all words that mean something here, by themselves: to look one up
// takes no new string, as to make its upper case would.
var keywords = func() map[string]string {
	all := map[string]string{}
	for w := range strings.FieldsSeq("SELECT INSERT UPDATE DELETE MERGE REPLACE FROM JOIN INTO USING AS RECURSIVE NOT MATERIALIZED DISTINCT") {
		all[w] = w
	}
	for _, set := range []map[string]bool{objects, modifiers, clauses} {
		for w := range set {
			all[w] = w
		}
	}
	for w := range verbs {
		all[w] = w
	}
	return all
}()

const maxKeywordBytes = 16

// keyword returns a word in upper case, "" when it is none of those.
func keyword(text string) string {
	if len(text) > maxKeywordBytes {
		return ""
	}
	var upper [maxKeywordBytes]byte
	for i := range len(text) {
		c := text[i]
		if c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		upper[i] = c
	}
	return keywords[string(upper[:len(text)])]
}

func wordSet(words string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		set[w] = true
	}
	return set
}

// level is what is known about one depth of parentheses.
type level struct {
	query  bool // a SELECT or DELETE began here: FROM names tables
	tables bool // inside the list of tables behind FROM
	opened bool // nothing has been read at this depth yet
}

// part is a word of the summary.
type part struct {
	text      string
	operation bool
	statement int // which one it is in, where that begins with WITH; else 0
}

// summarizer collects operations and tables in the order of the text.
type summarizer struct {
	parts       []part
	size        int
	statements  int
	operation   string
	collections []string
	ctes        map[string]bool

	levels   [maxDepth]level
	depth    int
	verb     string // of the current statement, "" before it
	expect   target
	name     string // the target being read, its parts joined by dots
	dotted   bool   // the last token was the dot in a name
	previous string // the last word in upper case, or the last symbol
	prelude  bool   // between WITH and the statement proper
	with     bool   // the statement begins with WITH
}

func (s *summarizer) add(t token) {
	if s.readName(t) {
		return
	}
	switch t.kind {
	case word:
		s.word(keyword(t.text), t)
	case quotedName:
		s.begin(t)
	case symbol:
		s.symbol(t.text)
	}
	if t.kind == symbol {
		s.previous = t.text
	} else if t.kind != word {
		s.previous = ""
	}
	if s.depth < maxDepth && t.text != "(" {
		s.levels[s.depth].opened = false
	}
}

// readName goes on with a name: parts joined by dots. It reports whether t
// belonged to it; a name that another token follows is complete, and one that
// is called like a function is no table.
func (s *summarizer) readName(t token) bool {
	if s.name == "" {
		return false
	}
	switch {
	case t.text == "." && !s.dotted:
		s.dotted = true
		return true
	case s.dotted && (t.kind == word || t.kind == quotedName):
		if len(s.name) <= maxNameBytes { // else a long chain costs its square
			s.name += "." + unquote(t)
		}
		s.dotted = false
		return true
	}
	name := s.name
	s.name, s.dotted = "", false
	calls := s.verb == "CALL" || s.verb == "EXEC" || s.verb == "EXECUTE" || s.verb == "PRAGMA"
	if t.text == "(" && s.levels[min(s.depth, maxDepth-1)].tables && !calls {
		return false
	}
	s.collect(name)
	return false
}

func (s *summarizer) word(w string, t token) {
	defer func() { s.previous = w }()
	switch {
	case s.verb == "" && s.statement(w):
	case s.expect == objectName && objects[w]:
		s.part(w, false)
		s.expect = nextName
	case s.expect != noTarget && modifiers[w]:
	case s.prelude && s.depth == 0 && !verbStarts(w):
		if w != "AS" && w != "RECURSIVE" && w != "NOT" && w != "MATERIALIZED" {
			s.cte(t)
		}
	case w == "SELECT" && s.verb != "GRANT" && s.verb != "REVOKE":
		s.nested(w)
	case (w == "INSERT" || w == "UPDATE" || w == "DELETE" || w == "MERGE" || w == "REPLACE") && s.nestedStart():
		s.nested(w)
	case w == "FROM":
		s.from()
	case w == "JOIN", w == "INTO", w == "USING" && s.verb == "MERGE":
		s.expect = nextName
	case clauses[w]:
		s.here().tables = false
		s.expect = noTarget
	case s.expect == nextName:
		s.begin(t)
	}
}

// statement begins a statement with its verb.
func (s *summarizer) statement(w string) bool {
	t, ok := verbs[w]
	if !ok {
		s.verb = "?" // not SQL that is known; nothing more is read of it
		s.statements++
		return true
	}
	s.statements++
	s.verb = w
	s.expect = t
	if s.with = w == "WITH"; s.with {
		s.prelude = true
		return true
	}
	s.op(w)
	return true
}

func verbStarts(w string) bool {
	switch w {
	case "SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE", "VALUES":
		return true
	}
	return false
}

// nestedStart reports whether a statement may begin here: at the start of
// parentheses, behind WITH, or behind EXPLAIN. In "FOR UPDATE", "ON DELETE" and
// "DO UPDATE" it may not.
func (s *summarizer) nestedStart() bool {
	return s.prelude || s.here().opened || s.previous == "EXPLAIN" || (s.verb == "EXPLAIN" && s.previous == "ANALYZE")
}

// nested begins a statement inside of another, or the one that WITH introduces.
func (s *summarizer) nested(w string) {
	if s.verb == "?" {
		return
	}
	if s.prelude && s.depth == 0 {
		s.prelude = false
		s.verb = w
	}
	*s.here() = level{query: w == "SELECT" || w == "DELETE"}
	s.expect = verbs[w]
	if s.operation == "" {
		s.op(w)
		return
	}
	s.part(w, true)
}

func (s *summarizer) op(w string) {
	if s.operation == "" {
		s.operation = w
	}
	*s.here() = level{query: w == "SELECT" || w == "DELETE"}
	s.part(w, true)
}

// from begins the list of tables, but not in EXTRACT(YEAR FROM x) nor in
// IS DISTINCT FROM.
func (s *summarizer) from() {
	l := s.here()
	showing := s.verb == "SHOW"
	if s.depth < maxDepth && (l.query || s.verb == "UPDATE" || showing) && s.previous != "DISTINCT" {
		l.tables = true
		s.expect = nextName
	}
}

func (s *summarizer) symbol(text string) {
	switch text {
	case "(":
		if s.depth++; s.depth < maxDepth {
			s.levels[s.depth] = level{opened: true}
		}
		s.expect = noTarget
	case ")":
		if s.depth > 0 {
			s.depth--
		}
		s.expect = noTarget
	case ",":
		if s.depth < maxDepth && s.here().tables {
			s.expect = nextName
		}
	case ";":
		s.verb, s.expect, s.depth, s.prelude = "", noTarget, 0, false
		s.levels[0] = level{}
	default:
		s.expect = noTarget
	}
}

// here returns the current level; far too deep, the last one serves for all.
func (s *summarizer) here() *level { return &s.levels[min(s.depth, maxDepth-1)] }

// begin starts reading a name, where one is expected.
func (s *summarizer) begin(t token) {
	if s.expect == nextName && s.verb != "?" {
		s.name = unquote(t)
		s.expect = noTarget
	} else if s.prelude && s.depth == 0 {
		s.cte(t)
	}
}

func (s *summarizer) cte(t token) {
	if s.ctes == nil {
		s.ctes = map[string]bool{}
	}
	if len(s.ctes) < maxDepth {
		s.ctes[strings.ToLower(unquote(t))] = true
	}
}

// maxCollections bounds the tables that are told apart for Collection.
const maxCollections = 2

func (s *summarizer) collect(name string) {
	if name == "" || s.ctes[strings.ToLower(name)] {
		return
	}
	name = attrtext.Clean(name, maxNameBytes)
	s.part(name, false)
	if slices.Contains(s.collections, name) {
		return
	}
	if len(s.collections) < maxCollections {
		s.collections = append(s.collections, name)
	}
}

// part appends to the summary, unless it would become too long: the convention
// cuts between the parts.
func (s *summarizer) part(text string, operation bool) {
	if s.size < 0 || s.size+len(text)+1 > maxSummaryBytes {
		s.size = -1
		return
	}
	p := part{text: text, operation: operation}
	if s.with {
		p.statement = s.statements
	}
	s.parts = append(s.parts, p)
	s.size += len(text) + 1
}

// summary joins the parts. What WITH names is a table of nobody's, so its
// queries may have no tables to tell: SELECT SELECT SELECT says nothing that
// SELECT does not.
func (s *summarizer) summary() string {
	var out []string
	for i, p := range s.parts {
		if p.operation && p.statement > 0 && s.bare(i) && s.saidElsewhere(i) {
			continue
		}
		out = append(out, p.text)
	}
	return strings.Join(out, " ")
}

// bare tells whether an operation names no table.
func (s *summarizer) bare(i int) bool { return i+1 == len(s.parts) || s.parts[i+1].operation }

// saidElsewhere tells whether the statement has the operation once more, with a
// table or earlier.
func (s *summarizer) saidElsewhere(i int) bool {
	for j, p := range s.parts {
		if j != i && p.operation && p.text == s.parts[i].text && p.statement == s.parts[i].statement && (j < i || !s.bare(j)) {
			return true
		}
	}
	return false
}

func (s *summarizer) finish() Statement {
	if s.name != "" {
		s.collect(s.name)
	}
	st := Statement{Summary: s.summary()}
	if s.statements == 1 {
		st.Operation = s.operation
		if len(s.collections) == 1 {
			st.Collection = s.collections[0]
		}
	}
	return st
}

// unquote returns the name that a token stands for.
func unquote(t token) string {
	if t.kind != quotedName || len(t.text) < 2 {
		return t.text
	}
	return t.text[1 : len(t.text)-1]
}
