// Package template finds what messages have in common: "order 7 taken in 12ms"
// and "order 8 taken in 9ms" are "order <*> taken in <*>".
//
// Words with digits are taken for variables at once. What is left goes into
// clusters of messages of equally many words, as the Drain algorithm has them
// (He et al., 2017): a message joins the cluster that is most like it, and
// words in which the two differ become variables too. Other than Drain there
// is no tree of the first words: masked messages that were seen before are
// found in a map, and of others there are few.
package template

import (
	"regexp"
	"strings"
	"unicode"
)

// Variable stands for what differs.
const Variable = "<*>"

const (
	// maxBytes and maxWords are how much of a message is looked at.
	maxBytes = 2048
	maxWords = 100
	// likeness is the share of the words that messages of a cluster have in
	// common at least.
	likeness = 0.6
	// maxClusters bounds how many clusters there are of messages of one length
	// and first word, and maxSeen how many masked messages are known.
	maxClusters = 100
	maxSeen     = 20_000
)

// Mask puts variables in the place of numbers, ids, addresses and all else that
// has digits, and single spaces in the place of white space.
func Mask(message string) string { return strings.Join(mask(message), " ") }

func mask(message string) []string {
	if len(message) > maxBytes {
		message = message[:maxBytes]
	}
	words := strings.Fields(message)
	if len(words) > maxWords {
		words = words[:maxWords]
	}
	for i, word := range words {
		words[i] = maskWord(word)
	}
	return words
}

// maskWord looks at the parts of a word between punctuation: of user=12 only
// the 12 is a variable.
func maskWord(word string) string {
	if !strings.ContainsFunc(word, unicode.IsDigit) {
		return strings.ToValidUTF8(word, "\ufffd")
	}
	var b strings.Builder
	for word != "" {
		end := strings.IndexFunc(word, divides)
		part := word
		if end >= 0 {
			part = word[:end]
		}
		if strings.ContainsFunc(part, unicode.IsDigit) {
			part = Variable
		}
		b.WriteString(part)
		if end < 0 {
			break
		}
		after := end + 1 // what divides is ASCII
		b.WriteString(word[end:after])
		word = word[after:]
	}
	return strings.ToValidUTF8(b.String(), "\ufffd")
}

func divides(r rune) bool {
	return r < unicode.MaxASCII && strings.ContainsRune(`=:,;()[]{}<>"'/|@#?&!`+"`", r)
}

// Cluster is a number of messages that have something in common. Count and what
// else is counted is the caller's.
type Cluster[T any] struct {
	Of    T
	words []string
}

// Template returns the text with its variables.
func (c *Cluster[T]) Template() string { return strings.Join(c.words, " ") }

// Pattern returns a regular expression that the messages match.
func (c *Cluster[T]) Pattern() string {
	words := make([]string, len(c.words))
	for i, word := range c.words {
		parts := strings.Split(word, Variable)
		for j, part := range parts {
			parts[j] = regexp.QuoteMeta(part)
		}
		words[i] = strings.Join(parts, `\S+`)
	}
	if end := `\s*$`; len(words) < maxWords && len(c.Template()) < maxBytes/2 {
		return `^\s*` + strings.Join(words, `\s+`) + end
	}
	return `^\s*` + strings.Join(words[:max(len(words)/2, 1)], `\s+`)
}

// Clusters puts messages into clusters. Its zero value is ready.
type Clusters[T any] struct {
	seen map[string]*Cluster[T]
	like map[group][]*Cluster[T]
	all  []*Cluster[T]
}

// group is of messages that may be in one cluster.
type group struct {
	words int
	first string
}

// Add returns the cluster of a message. What clusters there are depends on the
// order of the messages, but hardly.
func (c *Clusters[T]) Add(message string) *Cluster[T] {
	words := mask(message)
	masked := strings.Join(words, " ")
	if found := c.seen[masked]; found != nil {
		return found
	}
	if c.seen == nil {
		c.seen, c.like = map[string]*Cluster[T]{}, map[group][]*Cluster[T]{}
	}
	found := c.find(words)
	if len(c.seen) < maxSeen {
		c.seen[masked] = found
	}
	return found
}

// Known returns how many different messages are remembered; it tells how much
// memory there is in use.
func (c *Clusters[T]) Known() int { return len(c.seen) + len(c.all) }

// All returns the clusters in the order of their first message.
func (c *Clusters[T]) All() []*Cluster[T] { return c.all }

func (c *Clusters[T]) find(words []string) *Cluster[T] {
	g := group{words: len(words)}
	if len(words) > 0 {
		g.first = words[0]
	}
	list := c.like[g]
	var best *Cluster[T]
	bestSame := -1
	for _, cluster := range list {
		if n := same(cluster.words, words); n > bestSame {
			best, bestSame = cluster, n
		}
	}
	enough := best != nil && (float64(bestSame) >= likeness*float64(len(words)) || len(list) == maxClusters)
	if !enough {
		best = &Cluster[T]{words: cloneWords(words)}
		c.like[group{g.words, strings.Clone(g.first)}] = append(list, best)
		c.all = append(c.all, best)
		return best
	}
	for i, word := range words {
		if best.words[i] != word {
			best.words[i] = Variable
		}
	}
	return best
}

// cloneWords returns words that do not hold on to the message.
func cloneWords(words []string) []string {
	out := make([]string, len(words))
	for i, word := range words {
		out[i] = strings.Clone(word)
	}
	return out
}

func same(a, b []string) (n int) {
	for i := range a {
		if a[i] == b[i] {
			n++
		}
	}
	return n
}
