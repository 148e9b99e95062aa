//go:build !unix

package broker

// defaultConnections is generous: these systems have no descriptor limit that
// an ordinary number of devices would reach.
func defaultConnections() int { return 100_000 }
