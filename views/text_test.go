package views

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"fleetmint/assets"
)

// sources are the files of the views and their widgets without tests.
func sources(t *testing.T) []string {
	t.Helper()
	var files []string
	for _, pattern := range []string{"*.go", "kit/*.go"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			if !strings.HasSuffix(f, "_test.go") {
				files = append(files, f)
			}
		}
	}
	return files
}

func keys(t *testing.T) map[string]bool {
	t.Helper()
	file, err := assets.Translations.ReadFile("lang/en.json")
	if err != nil {
		t.Fatal(err)
	}
	var texts map[string]any
	if err := json.Unmarshal(file, &texts); err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for key := range texts {
		known[key] = true
	}
	return known
}

// TestEveryTextIsTranslatedAndUsed compares the keys in the source with those in
// the translation files. A key that is put together at run time counts by its
// beginning.
func TestEveryTextIsTranslatedAndUsed(t *testing.T) {
	known := keys(t)
	var source strings.Builder
	for _, name := range sources(t) {
		file, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		source.Write(file)
	}
	used := regexp.MustCompile(`\b(?:text|plural)\("([^"]+)"[,)]`)
	for _, m := range used.FindAllStringSubmatch(source.String(), -1) {
		if !known[m[1]] {
			t.Errorf("the text %q is in no translation file", m[1])
		}
	}
	composed := []string{"method.", "row.", "reason.", "status.", "export.csv", "export.qr"}
	for key := range known {
		found := strings.Contains(source.String(), strconv.Quote(key))
		for _, beginning := range composed {
			found = found || strings.HasPrefix(key, beginning)
		}
		if !found {
			t.Errorf("the text %q is used nowhere", key)
		}
	}
}

// TestNoWordsInViews finds sentences that would be shown untranslated: string
// literals with a blank between letters.
func TestNoWordsInViews(t *testing.T) {
	sentence := regexp.MustCompile(`\pL \pL`)
	for _, name := range sources(t) {
		if name == "tour.go" {
			continue // its words go to the report of a tour, never to the screen
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				if f, ok := call.Fun.(*ast.SelectorExpr); ok && (f.Sel.Name == "New" || f.Sel.Name == "Errorf") {
					return false // an error's own text
				}
			}
			if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING && sentence.MatchString(literal.Value) {
				t.Errorf("%s: %s belongs into the translation files", name, literal.Value)
			}
			return true
		})
	}
}
