package views

import (
	"context"
	"time"

	"fyne.io/fyne/v2"
)

// Scheduler says where work runs. Live is the one for a real window; Inline
// makes tests deterministic.
type Scheduler struct {
	// Go runs work off the UI goroutine.
	Go func(work func())
	// Do hands f to the UI goroutine without waiting.
	Do func(f func())
	// Poll is how often a shown screen asks for news; zero is never.
	Poll time.Duration
}

// Live runs work on goroutines and refreshes what is shown every interval.
func Live(poll time.Duration) Scheduler {
	return Scheduler{Go: func(work func()) { go work() }, Do: fyne.Do, Poll: poll}
}

// Inline runs everything at once on the caller: nothing is concurrent, nothing
// polls.
func Inline() Scheduler {
	now := func(f func()) { f() }
	return Scheduler{Go: now, Do: now}
}

// run does work off the UI goroutine and hands its result to done on it. When
// the context has ended by then, the screen is gone and the result is dropped.
func run[T any](s Scheduler, ctx context.Context, work func(context.Context) (T, error), done func(T, error)) {
	s.Go(func() {
		v, err := work(ctx)
		s.Do(func() {
			if ctx.Err() == nil {
				done(v, err)
			}
		})
	})
}

// every calls f on the UI goroutine at the scheduler's pace until the context
// ends.
func (s Scheduler) every(ctx context.Context, f func()) {
	if s.Poll <= 0 {
		return
	}
	s.Go(func() {
		ticker := time.NewTicker(s.Poll)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				s.Do(func() {
					if ctx.Err() == nil {
						f()
					}
				})
			}
		}
	})
}

// after calls f on the UI goroutine once the time is over, unless the context
// has ended by then.
func (s Scheduler) after(ctx context.Context, d time.Duration, f func()) {
	if s.Poll <= 0 {
		return
	}
	s.Go(func() {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-ctx.Done():
		case <-timer.C:
			s.Do(f)
		}
	})
}
