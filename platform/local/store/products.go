package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"fleetmint/platform"
)

// CreateProduct creates a product with a new ProductKey and ProductSecret;
// dynamic registration is on. The method is kept as the tag platform.TagMethod.
// ErrInvalid names the field that breaks a rule, ErrAlreadyExists means that
// the name is taken.
func (s *Store) CreateProduct(ctx context.Context, np platform.NewProduct) (platform.Product, error) {
	const op = "create product"
	if err := np.Validate(); err != nil {
		return platform.Product{}, err
	}
	random := newGenerator()
	created := platform.Product{
		ProductKey: random.productKey(), ProductSecret: random.productSecret(),
		Name: np.Name, Description: np.Description, NodeType: np.NodeType, Method: np.Method,
		DynamicRegistration: true, DynamicRegistrationKnown: true,
		Created: s.now().UTC().Truncate(time.Millisecond),
	}
	sealed := s.seal.seal(place("products", created.ProductKey, ""), created.ProductSecret)
	return write(ctx, s.writer, op, false, func(t *tx) (platform.Product, error) {
		var id int64
		err := t.row(`INSERT INTO products (product_key, name, description, node_type, secret, dynamic_registration, created)
			VALUES (?, ?, ?, ?, ?, 1, ?) RETURNING id`,
			created.ProductKey, created.Name, created.Description, int(created.NodeType), sealed, millis(created.Created)).Scan(&id)
		if isTaken(err) {
			return platform.Product{}, &platform.Error{
				Op: op, Kind: platform.ErrAlreadyExists, Field: platform.FieldProductName, Value: np.Name,
				Message: fmt.Sprintf("there is already a product named %q", np.Name),
			}
		}
		if err != nil {
			return platform.Product{}, err
		}
		if np.Method != platform.MethodUnknown {
			if err := setTag(t, id, platform.TagMethod, string(np.Method)); err != nil {
				return platform.Product{}, err
			}
		}
		t.committed(func() {
			p := &product{id: id, key: created.ProductKey, secret: created.ProductSecret, dynamic: true, devices: newTable(0)}
			s.mu.Lock()
			defer s.mu.Unlock()
			s.products[p.key] = p
			s.byID[id] = p
		})
		return created, nil
	})
}

const selectProducts = `SELECT p.product_key, p.name, p.description, p.node_type, p.created, coalesce(t.value, '')
	FROM products p LEFT JOIN product_tags t ON t.product = p.id AND t.key = '` + platform.TagMethod + `' `

// scanProduct reads a row of selectProducts and adds what memory knows. False
// means that the product is not in memory: it is just being made or deleted.
func (s *Store) scanProduct(scan func(...any) error) (platform.Product, bool, error) {
	var p platform.Product
	var created int64
	if err := scan(&p.ProductKey, &p.Name, &p.Description, &p.NodeType, &created, &p.Method); err != nil {
		return platform.Product{}, false, err
	}
	p.Created = fromMillis(created)
	held, ok := s.product(p.ProductKey)
	if !ok {
		return platform.Product{}, false, nil
	}
	held.mu.RLock()
	defer held.mu.RUnlock()
	p.ProductSecret = held.secret
	p.DynamicRegistration, p.DynamicRegistrationKnown = held.dynamic, true
	p.DeviceCount = held.devices.alive
	return p, true, nil
}

// Product returns one product. ErrNotFound when there is none.
func (s *Store) Product(ctx context.Context, productKey string) (platform.Product, error) {
	const op = "read product"
	if _, err := s.need(op, productKey); err != nil {
		return platform.Product{}, err
	}
	p, ok, err := s.scanProduct(s.read.QueryRowContext(ctx, selectProducts+"WHERE p.product_key = ?", productKey).Scan)
	switch {
	case errors.Is(err, sql.ErrNoRows), err == nil && !ok:
		return platform.Product{}, noProduct(op, productKey)
	case err != nil:
		return platform.Product{}, s.readFailure(op, err)
	}
	return p, nil
}

// Products returns one page of products, newest first, with their secrets.
func (s *Store) Products(ctx context.Context, page platform.Page) (platform.ProductPage, error) {
	const op = "list products"
	skip, size, err := bounds(op, page)
	if err != nil {
		return platform.ProductPage{}, err
	}
	s.mu.RLock()
	result := platform.ProductPage{Total: len(s.products)}
	s.mu.RUnlock()
	rows, err := s.read.QueryContext(ctx, selectProducts+"ORDER BY p.id DESC LIMIT ? OFFSET ?", size, skip)
	if err != nil {
		return platform.ProductPage{}, s.readFailure(op, err)
	}
	defer rows.Close()
	for rows.Next() {
		p, ok, err := s.scanProduct(rows.Scan)
		if err != nil {
			return platform.ProductPage{}, s.readFailure(op, err)
		}
		if ok {
			result.Products = append(result.Products, p)
		}
	}
	if err := rows.Err(); err != nil {
		return platform.ProductPage{}, s.readFailure(op, err)
	}
	return result, nil
}

// bounds turns a page, counted from 1, into what to skip and how much to read.
func bounds(op string, page platform.Page) (skip, size int, err error) {
	// The product of the two must not overflow.
	const most = 1 << 31
	if page.Number < 1 || page.Size < 1 || page.Number > most || page.Size > most {
		return 0, 0, &platform.Error{Op: op, Kind: platform.ErrInvalid, Message: "page number and size count from 1"}
	}
	return (page.Number - 1) * page.Size, page.Size, nil
}

// DeleteProduct removes a product and its tags. ErrConflict when it still has
// devices, ErrNotFound when there is none.
func (s *Store) DeleteProduct(ctx context.Context, productKey string) error {
	const op = "delete product"
	p, err := s.need(op, productKey)
	if err != nil {
		return err
	}
	return update(ctx, s.writer, op, true, func(t *tx) error {
		n, err := t.exec("DELETE FROM products WHERE id = ?", p.id)
		switch {
		case isOrphan(err):
			return &platform.Error{
				Op: op, Kind: platform.ErrConflict, Field: platform.FieldProductKey, Value: productKey,
				Message: "the product still has devices; delete them first",
			}
		case err != nil:
			return err
		case n == 0:
			return noProduct(op, productKey)
		}
		t.committed(func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			delete(s.products, p.key)
			delete(s.byID, p.id)
		})
		return nil
	})
}

// SetDynamicRegistration opens or closes dynamic registration for a product.
// ErrNotFound when there is none.
func (s *Store) SetDynamicRegistration(ctx context.Context, productKey string, on bool) error {
	const op = "set dynamic registration"
	p, err := s.need(op, productKey)
	if err != nil {
		return err
	}
	return update(ctx, s.writer, op, true, func(t *tx) error {
		n, err := t.exec("UPDATE products SET dynamic_registration = ? WHERE id = ?", on, p.id)
		if err == nil && n == 0 {
			err = noProduct(op, productKey)
		}
		if err != nil {
			return err
		}
		t.committed(func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.dynamic = on
		})
		return nil
	})
}

func setTag(t *tx, product int64, key, value string) error {
	_, err := t.exec(`INSERT INTO product_tags (product, key, value) VALUES (?, ?, ?)
		ON CONFLICT (product, key) DO UPDATE SET value = excluded.value`, product, key, value)
	return err
}

// SetProductTags adds tags to a product and overwrites those it has; others
// stay. ErrNotFound when there is no such product.
func (s *Store) SetProductTags(ctx context.Context, productKey string, tags map[string]string) error {
	const op = "set product tags"
	p, err := s.need(op, productKey)
	if err != nil {
		return err
	}
	tags = maps.Clone(tags) // the caller may leave first
	return update(ctx, s.writer, op, false, func(t *tx) error {
		for _, key := range slices.Sorted(maps.Keys(tags)) {
			err := setTag(t, p.id, key, tags[key])
			if isOrphan(err) {
				return noProduct(op, productKey)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// ProductTags returns all tags of a product, an empty map where it has none.
// ErrNotFound when there is no such product.
func (s *Store) ProductTags(ctx context.Context, productKey string) (map[string]string, error) {
	const op = "read product tags"
	p, err := s.need(op, productKey)
	if err != nil {
		return nil, err
	}
	rows, err := s.read.QueryContext(ctx, "SELECT key, value FROM product_tags WHERE product = ?", p.id)
	if err != nil {
		return nil, s.readFailure(op, err)
	}
	defer rows.Close()
	tags := map[string]string{}
	for rows.Next() {
		var key, value string
		if err := rows.Scan(&key, &value); err != nil {
			return nil, s.readFailure(op, err)
		}
		tags[key] = value
	}
	if err := rows.Err(); err != nil {
		return nil, s.readFailure(op, err)
	}
	return tags, nil
}
