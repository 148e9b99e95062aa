package views

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"fleetmint/assets"
	"fleetmint/platform"
	"fleetmint/views/kit"
)

// comparedRows are the rows of the comparison, in order. Each has a text for
// every method in the translation files.
func comparedRows() []string {
	return []string{"burned", "registration", "created", "burning", "runtime", "security", "limit", "depends"}
}

// newComparison shows the four methods side by side, every row. onSelect may be
// nil where nothing is to be chosen.
func newComparison(onSelect func(platform.Method)) *kit.ComparisonTable {
	methods := platform.Methods()
	columns := make([]string, len(methods))
	for i, m := range methods {
		columns[i] = text("method." + string(m))
	}
	var rows [][]string
	for _, row := range comparedRows() {
		cells := []string{text("row." + row)}
		for _, m := range methods {
			cells = append(cells, text("row."+row+"."+string(m)))
		}
		rows = append(rows, cells)
	}
	table := kit.NewComparisonTable(text("methods.item"), columns, rows)
	if onSelect != nil {
		table.OnSelected = func(column int) { onSelect(methods[column]) }
	}
	return table
}

// selectMethod highlights the column of a method.
func selectMethod(table *kit.ComparisonTable, m platform.Method) {
	for i, known := range platform.Methods() {
		if known == m {
			table.Select(i)
		}
	}
}

// advisor asks four questions and recommends a method with its reason.
type advisor struct {
	root     fyne.CanvasObject
	checks   []*widget.Check
	answer   *kit.Text
	reason   *kit.Paragraph
	onAdvice func(platform.Method)
}

func newAdvisor(onAdvice func(platform.Method)) *advisor {
	a := &advisor{onAdvice: onAdvice, answer: kit.NewHeading("")}
	a.reason = kit.NewParagraph("")
	questions := kit.VStack(2)
	for _, key := range []string{"advise.gateway", "advise.distinct", "advise.names", "advise.tls"} {
		check := widget.NewCheck(text(key), func(bool) { a.advise() })
		a.checks = append(a.checks, check)
		questions.Add(check)
	}
	a.root = kit.VStack(8, questions, a.answer, a.reason)
	a.reason.SetText(text("methods.advisor-hint"))
	return a
}

func (a *advisor) requirements() platform.Requirements {
	return platform.Requirements{
		BehindGateway:        a.checks[0].Checked,
		DistinctCertificates: a.checks[1].Checked,
		NamesKnown:           a.checks[2].Checked,
		MQTTOverTLS:          a.checks[3].Checked,
	}
}

func (a *advisor) advise() {
	method, reason := platform.Advise(a.requirements())
	a.show(method, reason)
	a.onAdvice(method)
}

func (a *advisor) show(method platform.Method, reason platform.Reason) {
	a.answer.SetText(text("methods.recommended", values{"Method": text("method." + string(method))}))
	a.reason.SetText(text("reason." + string(reason)))
}

// methodsScreen compares the four methods and guides the choice.
type methodsScreen struct {
	page   *page
	table  *kit.ComparisonTable
	chosen platform.Method
}

func newMethods(v *visit) *methodsScreen {
	s := &methodsScreen{chosen: platform.PerDevice}
	choose := func(m platform.Method) {
		s.chosen = m
		selectMethod(s.table, m)
	}
	s.table = newComparison(choose)
	advice := newAdvisor(choose)
	selectMethod(s.table, s.chosen)
	create := func() { v.Navigate(Route{Screen: ScreenCreateProduct, Method: s.chosen}) }
	s.page = newScrollPage(text("methods.title"), text("methods.subtitle"),
		kit.VStack(gap,
			kit.NewCard(s.table, 0),
			kit.NewSection(text("methods.advisor"), advice.root),
		),
		primary(text("methods.create"), assets.AddIcon(), create))
	s.page.create = create
	return s
}

func (s *methodsScreen) content() *page { return s.page }
