// Package table holds telemetry as columns in memory.
//
// A request enters by [Decode], which parses it completely into a [Batch];
// [Table.Append] adds a batch's rows to the unflushed rows of one day;
// [Table.Blocks] shows them to queries, and package part writes them to files.
//
// All of it stands on one representation, the [Chunk]: a tree of groups
// ([Group]) that follows the OTLP messages. A span, an event and an exemplar
// are each a row of a group, each scalar field is a [Leaf], a repeated message
// field is a [List] (how many items each row has, and a group of all items),
// and attributes are an [AttrSet]. The same code then gathers rows from
// anywhere ([Gather]), encodes and decodes columns, and builds vectors,
// whatever the signal; only the decoders and the OTLP writers know the
// messages by name.
//
//	request --Decode--> Batch --Append--> Table --Chunks--> part.Write
//	                                        |
//	                                        +--Blocks--> queries
//
// A Batch is immutable. A Table is for one goroutine at a time, but what its
// Blocks and Chunks return may be used beside it: columns only ever grow, and
// a snapshot remembers how long they were.
package table
