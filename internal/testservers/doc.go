// Package testservers starts the real servers that tests talk to: Redis,
// PostgreSQL and MariaDB, and finds Chromium and promtool.
//
// The entry points are [Redis], [PostgreSQL], [MariaDB], [Chromium] and [Promtool]. A server
// is started once per test binary, by the first test that asks for it, on a free
// loopback port with its files in a temporary folder, and is shared by all tests
// after it; tests may run in parallel but share its data. Call [Run] from
// TestMain and the servers stop when the binary ends:
//
//	func TestMain(m *testing.M) { os.Exit(testservers.Run(m)) }
//
// Without Run, a server stops at the end of the test that started it.
//
// Where a program is not installed the test is skipped and says so, or fails when
// CI=true. scripts/setup-test-deps installs them.
package testservers
