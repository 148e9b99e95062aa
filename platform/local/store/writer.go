package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"time"

	sqlite3 "github.com/mattn/go-sqlite3"

	"fleetmint/platform"
)

const (
	// gatherMax bounds one transaction, and so how long its first caller waits.
	gatherMax = 1024
	// behindEvery is how far what is written behind may lag.
	behindEvery = 2 * time.Second
)

// writer owns the one connection that changes the database.
type writer struct {
	db       *sql.DB
	conn     *sql.Conn
	requests chan *request
	closing  chan struct{} // closed by stop: no more requests are accepted
	ended    chan struct{} // closed by run
	behind   func(*tx) error
}

// request is one change that waits for the writer.
type request struct {
	ctx   context.Context
	apply func(*tx) error
	// single: apply makes at most one statement that writes. SQLite undoes a
	// failed statement itself, so it needs no savepoint.
	single bool
	done   chan error
}

// tx is the transaction in which a request is made.
type tx struct {
	conn  *sql.Conn
	after []func()
}

// exec runs a statement and returns how many rows it changed. The caller's
// context does not reach it: interrupting one caller would undo all.
func (t *tx) exec(query string, args ...any) (int64, error) {
	result, err := t.conn.ExecContext(context.Background(), query, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func (t *tx) query(query string, args ...any) (*sql.Rows, error) {
	return t.conn.QueryContext(context.Background(), query, args...)
}

func (t *tx) row(query string, args ...any) *sql.Row {
	return t.conn.QueryRowContext(context.Background(), query, args...)
}

// committed has memory brought in step once the transaction is durable, before
// the caller is answered.
func (t *tx) committed(apply func()) { t.after = append(t.after, apply) }

// newWriter starts the writer's goroutine; stop ends it. behind is run every
// behindEvery and at the end.
func newWriter(ctx context.Context, path string, behind func(*tx) error) (*writer, error) {
	db, err := sql.Open("sqlite3", dsn(path, writerOptions))
	if err != nil {
		return nil, fmt.Errorf("open %s for writing: %w", path, err)
	}
	db.SetMaxOpenConns(1)
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s for writing: %w", path, err), db.Close())
	}
	w := &writer{
		db: db, conn: conn, behind: behind,
		requests: make(chan *request, gatherMax),
		closing:  make(chan struct{}), ended: make(chan struct{}),
	}
	go w.run()
	return w, nil
}

// stop has no more requests accepted. It is called once.
func (w *writer) stop() { close(w.closing) }

// wait returns when all that was accepted is written and the connection is
// closed. The readers must have closed theirs before: the last connection to
// close moves the log into the database, which a reader may not do.
func (w *writer) wait() error {
	<-w.ended
	return errors.Join(w.conn.Close(), w.db.Close())
}

// submit hands a change to the writer and waits until it is durable. When the
// context ends first, the change may still be made.
func (w *writer) submit(r *request) error {
	select {
	case <-w.closing:
		return ErrClosed
	default:
	}
	select {
	case w.requests <- r:
	case <-w.closing:
		return ErrClosed
	case <-r.ctx.Done():
		return r.ctx.Err()
	}
	select {
	case err := <-r.done:
		return err
	case <-r.ctx.Done():
		return r.ctx.Err()
	case <-w.ended:
	}
	// Answered in the last batch, or handed over too late for it.
	select {
	case err := <-r.done:
		return err
	default:
		return ErrClosed
	}
}

// write makes one change and returns its result.
func write[T any](ctx context.Context, w *writer, op string, single bool, apply func(*tx) (T, error)) (T, error) {
	var result T
	err := w.submit(&request{
		ctx: ctx, single: single, done: make(chan error, 1),
		apply: func(t *tx) (err error) {
			result, err = apply(t)
			return err
		},
	})
	if err != nil {
		// The writer may still be at it, so result is not to be read.
		var none T
		return none, failure(op, err)
	}
	return result, nil
}

// update makes a change that has no result.
func update(ctx context.Context, w *writer, op string, single bool, apply func(*tx) error) error {
	_, err := write(ctx, w, op, single, func(t *tx) (struct{}, error) { return struct{}{}, apply(t) })
	return err
}

func (w *writer) run() {
	defer close(w.ended)
	tick := time.NewTicker(behindEvery)
	defer tick.Stop()
	batch := make([]*request, 0, gatherMax)
	for open := true; open; {
		batch = batch[:0]
		select {
		case r := <-w.requests:
			batch = w.gather(append(batch, r))
		case <-tick.C:
			batch = append(batch, w.writeBehind())
		case <-w.closing:
			open = false
			batch = append(w.gather(batch), w.writeBehind())
		}
		w.commit(batch)
		clear(batch)
	}
}

func (w *writer) writeBehind() *request {
	return &request{ctx: context.Background(), apply: w.behind, done: make(chan error, 1)}
}

// gather takes what waits. Callers that were just answered come back at once
// where they have more to do: yielding to them makes one large transaction out
// of two.
func (w *writer) gather(batch []*request) []*request {
	for yielded := false; len(batch) < gatherMax; {
		select {
		case r := <-w.requests:
			batch = append(batch, r)
			yielded = false
		default:
			if yielded {
				return batch
			}
			runtime.Gosched()
			yielded = true
		}
	}
	return batch
}

// commit makes a batch of changes in one transaction and answers the callers.
func (w *writer) commit(batch []*request) {
	t := &tx{conn: w.conn}
	results := make([]error, len(batch))
	if err := w.attempt(t, batch, results); err != nil {
		// The transaction is gone as a whole. A rollback fails where SQLite has
		// done it already.
		_, _ = t.exec("ROLLBACK")
		for i := range results {
			results[i] = errors.Join(results[i], err)
		}
		t.after = nil
	}
	for _, apply := range t.after {
		apply()
	}
	for i, r := range batch {
		r.done <- results[i]
	}
}

// attempt returns an error when no change of the batch was made.
func (w *writer) attempt(t *tx, batch []*request, results []error) error {
	if _, err := t.exec("BEGIN IMMEDIATE"); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	for i, r := range batch {
		if results[i] = r.ctx.Err(); results[i] != nil {
			continue
		}
		fatal := error(nil)
		if results[i], fatal = w.one(t, r); fatal != nil {
			return fatal
		}
	}
	if _, err := t.exec("COMMIT"); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// one makes one change. Its own failure undoes it alone; fatal undoes the batch.
func (w *writer) one(t *tx, r *request) (failed, fatal error) {
	if !r.single {
		if _, err := t.exec("SAVEPOINT request"); err != nil {
			return nil, fmt.Errorf("set savepoint: %w", err)
		}
	}
	mark := len(t.after)
	failed = r.apply(t)
	if failed != nil {
		clear(t.after[mark:])
		t.after = t.after[:mark]
		// A full disk makes SQLite undo the whole transaction. What followed
		// would be committed statement by statement, so this is where it ends.
		var refusal *platform.Error
		if !errors.As(failed, &refusal) && w.undone() {
			return failed, errors.New("the database gave the transaction up")
		}
	}
	if r.single {
		return failed, nil
	}
	if failed != nil {
		if _, err := t.exec("ROLLBACK TO request"); err != nil {
			return failed, fmt.Errorf("undo a change: %w", err)
		}
	}
	if _, err := t.exec("RELEASE request"); err != nil {
		return failed, fmt.Errorf("release savepoint: %w", err)
	}
	return failed, nil
}

// undone reports whether no transaction is open any more.
func (w *writer) undone() bool {
	undone := true
	err := w.conn.Raw(func(driver any) error {
		if c, ok := driver.(*sqlite3.SQLiteConn); ok {
			undone = c.AutoCommit()
		}
		return nil
	})
	return err != nil || undone
}

// isTaken reports whether a statement broke the uniqueness of a key.
func isTaken(err error) bool {
	var coded sqlite3.Error
	return errors.As(err, &coded) &&
		(coded.ExtendedCode == sqlite3.ErrConstraintPrimaryKey || coded.ExtendedCode == sqlite3.ErrConstraintUnique)
}

// isOrphan reports whether a statement names a product that is gone.
func isOrphan(err error) bool {
	var coded sqlite3.Error
	return errors.As(err, &coded) && coded.ExtendedCode == sqlite3.ErrConstraintForeignKey
}
