//go:build unix

package broker

import "syscall"

// reservedDescriptors are left for the database, the OpenAPI and the window.
const reservedDescriptors = 256

const maxDefaultConnections = 100_000

// defaultConnections stays below the descriptor limit, which the Go runtime has
// already raised as far as it may.
func defaultConnections() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fallbackConnections
	}
	free := min(uint64(limit.Cur), maxDefaultConnections+reservedDescriptors) //nolint:unconvert // int64 on some systems
	if free <= 2*reservedDescriptors {
		return int(max(free/2, 1))
	}
	return int(free - reservedDescriptors)
}

const fallbackConnections = 512
