package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"fleetmint/platform"
)

// States of an Application, spelled as on the wire.
const (
	StatusCheck         = "CHECK"
	StatusCheckSuccess  = "CHECK_SUCCESS"
	StatusCheckFailed   = "CHECK_FAILED"
	StatusCreate        = "CREATE"
	StatusCreateSuccess = "CREATE_SUCCESS"
	StatusCreateFailed  = "CREATE_FAILED"
)

// Application is a batch registration of the OpenAPI: names are checked, and
// then all of them are registered or none.
type Application struct {
	ID         int64 // below 2^53
	ProductKey string
	Status     string
	Names      []string
	Nicknames  []string // none, or one for each name
	Invalid    []InvalidName
	Created    time.Time
}

// InvalidName is a name or nickname that cannot be registered, and why.
type InvalidName struct {
	DeviceName string
	Nickname   string
	Reason     string
}

// CreateApplication keeps an application under a new random id. Empty names
// are chosen here; the result has them. ErrNotFound for an unknown product,
// ErrInvalid for nicknames that do not match the names in number.
func (s *Store) CreateApplication(ctx context.Context, a Application) (Application, error) {
	const op = "create application"
	if _, err := s.need(op, a.ProductKey); err != nil {
		return Application{}, err
	}
	if len(a.Nicknames) != 0 && len(a.Nicknames) != len(a.Names) {
		return Application{}, &platform.Error{
			Op: op, Kind: platform.ErrInvalid, Field: platform.FieldNickname,
			Message: "there must be as many nicknames as names, or none",
		}
	}
	random := newBulkGenerator()
	a.ID = random.applicationID()
	a.Created = s.now().UTC().Truncate(time.Millisecond)
	a.Names = slices.Clone(a.Names)
	for i, name := range a.Names {
		if name == "" {
			a.Names[i] = random.deviceName()
		}
	}
	names, nicknames, invalid := encode(a.Names), encode(a.Nicknames), encode(a.Invalid)
	return write(ctx, s.writer, op, true, func(t *tx) (Application, error) {
		_, err := t.exec("INSERT INTO applications (id, product_key, status, names, nicknames, invalid, created) VALUES (?, ?, ?, ?, ?, ?, ?)",
			a.ID, a.ProductKey, a.Status, names, nicknames, invalid, millis(a.Created))
		return a, err
	})
}

// encode cannot fail: the values are strings.
func encode[T any](values []T) string {
	text, err := json.Marshal(values)
	if err != nil {
		panic(err)
	}
	return string(text)
}

const selectApplication = "SELECT id, product_key, status, names, nicknames, invalid, created FROM applications WHERE id = ?"

func scanApplication(row *sql.Row) (Application, error) {
	var a Application
	var names, nicknames, invalid []byte
	var created int64
	if err := row.Scan(&a.ID, &a.ProductKey, &a.Status, &names, &nicknames, &invalid, &created); err != nil {
		return Application{}, err
	}
	a.Created = fromMillis(created)
	err := errors.Join(json.Unmarshal(names, &a.Names), json.Unmarshal(nicknames, &a.Nicknames), json.Unmarshal(invalid, &a.Invalid))
	return a, err
}

func noApplication(op string, id int64) error {
	return &platform.Error{
		Op: op, Kind: platform.ErrNotFound, Field: "ApplyId", Value: fmt.Sprint(id),
		Message: fmt.Sprintf("there is no application %d", id),
	}
}

// Application returns an application. ErrNotFound when there is none.
func (s *Store) Application(ctx context.Context, id int64) (Application, error) {
	const op = "read application"
	a, err := scanApplication(s.read.QueryRowContext(ctx, selectApplication, id))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return Application{}, noApplication(op, id)
	case err != nil:
		return Application{}, s.readFailure(op, err)
	}
	return a, nil
}

// SetApplicationStatus keeps a new status. One in StatusCreate is carried out
// at the next start where it was not before. ErrNotFound when there is none.
func (s *Store) SetApplicationStatus(ctx context.Context, id int64, status string) error {
	const op = "set application status"
	return update(ctx, s.writer, op, true, func(t *tx) error {
		n, err := t.exec("UPDATE applications SET status = ? WHERE id = ?", status, id)
		if err == nil && n == 0 {
			err = noApplication(op, id)
		}
		return err
	})
}

// RunApplication registers all names of an application in StatusCheckSuccess or
// StatusCreate, in one transaction with its new status: StatusCreateSuccess, or
// StatusCreateFailed with the names that are at fault, and then nothing is
// registered. Both are outcomes, not errors. Running it again changes nothing.
// ErrNotFound when there is none, ErrConflict before its check has succeeded.
func (s *Store) RunApplication(ctx context.Context, id int64) error {
	const op = "run application"
	// Prepared out here so that the writer is not kept; names never change.
	a, err := s.Application(ctx, id)
	if err != nil {
		return err
	}
	p, found := s.product(a.ProductKey)
	random := newBulkGenerator()
	rows := make([]newRow, len(a.Names))
	for i, name := range a.Names {
		nickname := ""
		if i < len(a.Nicknames) {
			nickname = a.Nicknames[i]
		}
		rows[i] = s.newRow(random, a.ProductKey, name, nickname)
	}
	return update(ctx, s.writer, op, false, func(t *tx) error {
		var status string
		err := t.row("SELECT status FROM applications WHERE id = ?", id).Scan(&status)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return noApplication(op, id)
		case err != nil:
			return err
		case status == StatusCreateSuccess || status == StatusCreateFailed:
			return nil
		case status != StatusCheckSuccess && status != StatusCreate:
			return &platform.Error{
				Op: op, Kind: platform.ErrConflict, Field: "ApplyId", Value: fmt.Sprint(id),
				Message: fmt.Sprintf("the application is in state %s", status),
			}
		}
		invalid, err := s.faults(t, p, found, rows)
		if err != nil {
			return err
		}
		status = StatusCreateFailed
		if len(invalid) == 0 {
			status = StatusCreateSuccess
			if _, err := s.insert(t, op, p, random, rows, id); err != nil {
				return err
			}
		}
		_, err = t.exec("UPDATE applications SET status = ?, invalid = ? WHERE id = ?", status, encode(invalid), id)
		return err
	})
}

// faults returns why rows cannot be registered. It runs in the writer.
func (s *Store) faults(t *tx, p *product, found bool, rows []newRow) ([]InvalidName, error) {
	if found {
		if err := t.row("SELECT EXISTS (SELECT 1 FROM products WHERE id = ?)", p.id).Scan(&found); err != nil {
			return nil, err
		}
	}
	reasons := map[string]string{}
	if found {
		names, err := taken(t, p, rows)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			reasons[name] = "a device of this name exists"
		}
	}
	var invalid []InvalidName
	given := make(map[string]struct{}, len(rows))
	for _, row := range rows {
		reason := reasons[row.name]
		_, twice := given[row.name]
		given[row.name] = struct{}{}
		switch {
		case !found:
			reason = "the product does not exist any more"
		case reason != "":
		case twice:
			reason = "the name is given twice"
		case platform.ValidateDeviceName(row.name) != nil:
			reason = "a DeviceName has 4 to 32 letters, digits and - _ @ . :"
		}
		if reason != "" {
			invalid = append(invalid, InvalidName{DeviceName: row.name, Nickname: row.nickname, Reason: reason})
		}
	}
	return invalid, nil
}

// ApplicationDevices returns one page of the devices an application has
// registered, in the order of its names. Those deleted since are left out.
// ErrNotFound when there is no such application.
func (s *Store) ApplicationDevices(ctx context.Context, id int64, page platform.Page) (platform.DevicePage, error) {
	const op = "list devices of application"
	skip, size, err := bounds(op, page)
	if err != nil {
		return platform.DevicePage{}, err
	}
	a, err := s.Application(ctx, id)
	if err != nil {
		return platform.DevicePage{}, err
	}
	p, ok := s.product(a.ProductKey)
	if !ok || a.Status != StatusCreateSuccess {
		return platform.DevicePage{}, nil
	}
	p.mu.RLock()
	names := slices.DeleteFunc(a.Names, func(name string) bool { _, ok := p.devices.find(name); return !ok })
	p.mu.RUnlock()
	total := len(names)
	skip = min(skip, total)
	names = names[skip:min(skip+size, total)]
	// A name deleted and registered anew is not the application's any more.
	devices, err := s.fetch(ctx, op, p, names, id)
	if err != nil {
		return platform.DevicePage{}, err
	}
	return platform.DevicePage{Devices: devices, Total: total}, nil
}

// resumeApplications carries out what was accepted before the last end.
func (s *Store) resumeApplications(ctx context.Context) error {
	const op = "resume applications"
	rows, err := s.read.QueryContext(ctx, "SELECT id FROM applications WHERE status = ?", StatusCreate)
	if err != nil {
		return failure(op, err)
	}
	var ids []int64
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return failure(op, errors.Join(err, rows.Close()))
		}
		ids = append(ids, id)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return failure(op, err)
	}
	for _, id := range ids {
		if err := s.RunApplication(ctx, id); err != nil {
			return failure(op, err)
		}
	}
	return nil
}
