package ttlogredis

import (
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/ttlog/ttlog/instrument/internal/attrtext"
	"github.com/ttlog/ttlog/instrument/internal/setcache"
)

// Limits on the text of a command or a pipeline.
const (
	maxNameBytes = 32
	maxArgBytes  = 128
	maxArgs      = 32
	maxTextBytes = 4 << 10
)

// shape says which arguments of a command are keys or fields, and so are shown.
type shape uint8

const (
	hidden   shape = iota // none: the command is not known, or may hold secrets
	oneKey                // the first argument
	twoKeys               // the first two
	allKeys               // all of them
	pairs                 // every other one: key value key value
	hashPair              // the first, then every other one: key field value field value
	script                // script, number of keys, that many keys, values
	scriptID              // the same with a first one that is no secret: the script's hash, the key of the result
	counted               // number of keys, that many keys, the rest
	butLast               // all but the last, which is a timeout
	streams               // STREAMS, then as many keys as there are ids behind them
	second                // a subcommand and the key behind it
)

// shapes lists the known commands. It is filled from words, because so the
// groups can be read.
var shapes = func() map[string]shape {
	m := map[string]shape{}
	for sh, words := range map[shape]string{
		hidden: `AUTH HELLO CONFIG ACL MIGRATE CLIENT CLUSTER COMMAND INFO PING ECHO SELECT QUIT MULTI EXEC DISCARD UNWATCH
			DBSIZE FLUSHALL FLUSHDB SAVE BGSAVE BGREWRITEAOF LASTSAVE TIME ROLE REPLICAOF SLAVEOF SHUTDOWN MONITOR SCRIPT FUNCTION
			KEYS SCAN RANDOMKEY SLOWLOG LATENCY MODULE DEBUG PUBSUB WAIT WAITAOF
			READONLY READWRITE ASKING RESET SWAPDB SORT_RO`,
		oneKey: `GET SET SETNX SETEX PSETEX GETSET GETDEL GETEX APPEND STRLEN GETRANGE SETRANGE SUBSTR INCR INCRBY INCRBYFLOAT
			DECR DECRBY GETBIT SETBIT BITCOUNT BITPOS BITFIELD BITFIELD_RO EXPIRE PEXPIRE EXPIREAT PEXPIREAT EXPIRETIME
			PEXPIRETIME TTL PTTL PERSIST TYPE DUMP RESTORE SORT LPUSH RPUSH LPUSHX RPUSHX LPOP RPOP LLEN LINDEX LINSERT LRANGE LREM
			LSET LTRIM LPOS SADD SREM SPOP SRANDMEMBER SCARD SISMEMBER SMISMEMBER SMEMBERS SSCAN ZADD ZREM ZCARD ZCOUNT
			ZLEXCOUNT ZINCRBY ZRANGE ZRANGEBYSCORE ZRANGEBYLEX ZREVRANGE ZREVRANGEBYSCORE ZREVRANGEBYLEX ZRANK ZREVRANK ZSCORE
			ZMSCORE ZPOPMIN ZPOPMAX ZRANDMEMBER ZREMRANGEBYRANK ZREMRANGEBYSCORE ZREMRANGEBYLEX ZSCAN HGETALL HKEYS HVALS HLEN
			HSCAN HRANDFIELD PFADD GEOADD GEODIST GEOHASH GEOPOS GEORADIUS GEOSEARCH XADD XLEN XRANGE XREVRANGE XTRIM XDEL XACK
			XPENDING XCLAIM XAUTOCLAIM XSETID PUBLISH SPUBLISH MOVE HEXPIRE HPEXPIRE HEXPIREAT HPEXPIREAT HTTL HPTTL HPERSIST HGETDEL
			HGETEX HSETEX GEORADIUSBYMEMBER GEORADIUS_RO VADD VSIM VREM VCARD VDIM VEMB VINFO
			JSON.GET JSON.SET JSON.DEL JSON.TYPE JSON.ARRAPPEND JSON.ARRINDEX JSON.ARRINSERT JSON.ARRLEN JSON.ARRPOP JSON.ARRTRIM
			JSON.CLEAR JSON.FORGET JSON.MERGE JSON.NUMINCRBY JSON.NUMMULTBY JSON.OBJKEYS JSON.OBJLEN JSON.STRAPPEND JSON.STRLEN
			JSON.TOGGLE BF.ADD BF.EXISTS BF.INFO BF.INSERT BF.MADD BF.MEXISTS BF.RESERVE CF.ADD CF.ADDNX CF.COUNT CF.DEL CF.EXISTS
			CF.RESERVE CMS.INCRBY CMS.INITBYDIM CMS.INITBYPROB CMS.QUERY TOPK.ADD TOPK.LIST TOPK.QUERY TOPK.RESERVE TDIGEST.ADD
			TDIGEST.CREATE TDIGEST.QUANTILE TS.ADD TS.ALTER TS.CREATE TS.DECRBY TS.DEL TS.GET TS.INCRBY TS.INFO TS.RANGE TS.REVRANGE
			FT.SEARCH FT.AGGREGATE FT.CREATE FT.INFO FT.DROPINDEX FT.ALTER`,
		twoKeys: `RENAME RENAMENX COPY RPOPLPUSH BRPOPLPUSH LMOVE BLMOVE SMOVE ZRANGESTORE GEOSEARCHSTORE HGET HEXISTS HSTRLEN
			HINCRBY HINCRBYFLOAT LCS TS.CREATERULE TS.DELETERULE`,
		allKeys: `MGET DEL UNLINK EXISTS TOUCH WATCH HMGET HDEL SINTER SUNION SDIFF SINTERSTORE SUNIONSTORE SDIFFSTORE PFCOUNT
			PFMERGE BITOP SUBSCRIBE UNSUBSCRIBE PSUBSCRIBE PUNSUBSCRIBE SSUBSCRIBE SUNSUBSCRIBE`,
		pairs:    `MSET MSETNX`,
		hashPair: `HSET HMSET HSETNX`,
		script:   `EVAL EVAL_RO`,
		scriptID: `EVALSHA EVALSHA_RO FCALL FCALL_RO ZINTERSTORE ZUNIONSTORE ZDIFFSTORE BLMPOP BZMPOP`, // a timeout is no secret either
		counted:  `LMPOP ZMPOP SINTERCARD ZINTER ZUNION ZDIFF ZINTERCARD`,
		butLast:  `BLPOP BRPOP BZPOPMIN BZPOPMAX JSON.MGET`,
		streams:  `XREAD XREADGROUP`,
		second:   `XGROUP XINFO OBJECT MEMORY`,
	} {
		for w := range strings.FieldsSeq(words) {
			m[w] = sh
		}
	}
	return m
}()

// upperNames has the known commands by the name that go-redis has of them, so that
// one in upper case need not be made for each command.
var upperNames = func() map[string]string {
	m := make(map[string]string, len(shapes))
	for name := range shapes {
		m[strings.ToLower(name)] = name
	}
	return m
}()

// batchNames are the names of pipelines of one command.
var batchNames = setcache.Of(func(k [2]string) string { return k[0] + " " + k[1] })

// operationName returns the command's name in upper case. A name that does not
// look like one is "_OTHER", so that it cannot make up metric series.
func operationName(cmd redis.Cmder) string {
	name := cmd.Name()
	if upper, ok := upperNames[name]; ok {
		return upper
	}
	if name == "" || len(name) > maxNameBytes {
		return "_OTHER"
	}
	for i := range len(name) {
		c := name[i]
		if !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '.' && c != '_' && c != '-' {
			return "_OTHER"
		}
	}
	return strings.ToUpper(name)
}

// appendText appends a command as db.query.text shows it.
func appendText(dst []byte, name string, args []any) []byte {
	dst = append(dst, name...)
	sh := shapes[name]
	shown := shownArgs{shape: sh, keys: -1, n: len(args)}
	for i := 1; i < len(args); i++ {
		if i > maxArgs || len(dst) > maxTextBytes {
			return append(dst, " ..."...)
		}
		dst = append(dst, ' ')
		if shown.show(i, args[i]) {
			dst = appendArg(dst, args[i])
		} else {
			dst = append(dst, '?')
		}
	}
	return dst
}

type shownArgs struct {
	shape shape
	keys  int64 // of a script, -1 before their number is read
	n     int   // of all arguments, with the name
	from  int   // where the keys of streams begin, 0 before that is read
}

// show reports whether argument i (1 is the first behind the name) is shown.
func (s *shownArgs) show(i int, arg any) bool {
	switch s.shape {
	case oneKey:
		return i == 1
	case twoKeys:
		return i <= 2
	case allKeys:
		return true
	case pairs:
		return i%2 == 1
	case hashPair:
		return i == 1 || i%2 == 0
	case butLast:
		return i < s.n-1
	case second:
		return i <= 2
	case counted:
		if i == 1 {
			s.keys = number(arg)
			return true
		}
		return int64(i-1) <= s.keys
	case streams:
		if s.from > 0 {
			return i < s.from+(s.n-s.from)/2
		}
		word, _ := arg.(string)
		if strings.EqualFold(word, "STREAMS") {
			s.from = i + 1
		}
		return s.from > 0
	case script, scriptID:
		switch i {
		case 1:
			return s.shape == scriptID
		case 2:
			s.keys = number(arg)
			return true
		}
		return int64(i-2) <= s.keys
	}
	return false
}

func number(arg any) int64 {
	n, _ := strconv.ParseInt(string(appendArg(nil, arg)), 10, 64)
	return n
}

func appendArg(dst []byte, arg any) []byte {
	switch v := arg.(type) {
	case string:
		return append(dst, attrtext.Clean(v, maxArgBytes)...)
	case []byte:
		return append(dst, attrtext.Clean(string(v[:min(len(v), maxArgBytes+1)]), maxArgBytes)...)
	case int:
		return strconv.AppendInt(dst, int64(v), 10)
	case int64:
		return strconv.AppendInt(dst, v, 10)
	case uint64:
		return strconv.AppendUint(dst, v, 10)
	}
	return append(dst, '?')
}

// pipelineText joins the texts of commands by line breaks.
func pipelineText(cmds []redis.Cmder) string {
	var buf [1024]byte
	dst := buf[:0]
	for i, cmd := range cmds {
		if i > 0 {
			dst = append(dst, '\n')
		}
		if len(dst) > maxTextBytes {
			return string(append(dst, "..."...))
		}
		dst = appendText(dst, operationName(cmd), cmd.Args())
	}
	return string(dst)
}

// batch is what a pipeline is called: "PIPELINE GET" when all of its commands
// are the same, "PIPELINE" when they differ, and MULTI in the place of PIPELINE
// for a transaction.
type batch struct {
	name string
	cmds []redis.Cmder // without the MULTI and EXEC around them
}

func newBatch(cmds []redis.Cmder) batch {
	b := batch{name: "PIPELINE", cmds: cmds}
	if n := len(cmds); n >= 2 && cmds[0].Name() == "multi" && cmds[n-1].Name() == "exec" {
		b.name, b.cmds = "MULTI", cmds[1:n-1]
	}
	if len(b.cmds) == 0 {
		return b
	}
	first := b.cmds[0].Name()
	for _, cmd := range b.cmds[1:] {
		if cmd.Name() != first {
			return b
		}
	}
	b.name = batchNames.Get([2]string{b.name, operationName(b.cmds[0])})
	return b
}

// handshake reports whether go-redis sends the command by itself when it sets up
// a connection.
func handshake(cmd redis.Cmder) bool {
	switch cmd.Name() {
	case "hello", "auth", "readonly":
		return true
	case "client":
		args := cmd.Args()
		if len(args) < 2 {
			return false
		}
		sub, _ := args[1].(string)
		switch strings.ToLower(sub) {
		case "setinfo", "setname", "maint_notifications", "tracking":
			return true
		}
	}
	return false
}

// allHandshake reports whether a pipeline only sets up a connection.
func allHandshake(cmds []redis.Cmder) bool {
	for _, cmd := range cmds {
		if !handshake(cmd) && cmd.Name() != "select" {
			return false
		}
	}
	return true
}
