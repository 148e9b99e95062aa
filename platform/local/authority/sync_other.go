//go:build !unix

package authority

// syncDir does nothing: these systems cannot fsync a folder.
func syncDir(string) error { return nil }
