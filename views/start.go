package views

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"

	"fleetmint/assets"
	"fleetmint/platform"
	"fleetmint/views/kit"
	"fleetmint/views/theme"
)

// Starting is shown while the local platform starts.
func Starting() fyne.CanvasObject {
	return container.NewCenter(kit.NewLoading(text("start.title"), text("start.hint")))
}

// StartFailed says why there is no console, and lets the person try again once
// the cause is out of the way.
func StartFailed(err error, retry func()) fyne.CanvasObject {
	p := explain(err)
	return container.NewCenter(kit.NewErrorState(
		kit.Problem{Title: text("start.failed"), What: p.what, Code: p.code, Advice: p.advice}, text("common.retry"), retry))
}

// brand heads the sidebar.
func brand() fyne.CanvasObject {
	icon := canvas.NewImageFromResource(assets.Icon())
	icon.FillMode = canvas.ImageFillContain
	icon.SetMinSize(fyne.NewSquareSize(30))
	return kit.HStack(10, icon, container.NewCenter(kit.NewSidebarTitle(text("brand"))))
}

// profileStatus stands at the foot of the sidebar: which platform, and whether
// it answers.
type profileStatus struct {
	root   fyne.CanvasObject
	dot    *kit.Dot
	detail *kit.Text
	normal string
}

func newProfileStatus(session Session) *profileStatus {
	s := &profileStatus{dot: kit.NewDot(theme.ColorNameSidebarOK), normal: text("nav.platform-running")}
	if session.Shared {
		s.normal = text("nav.platform-shared")
	}
	s.detail = kit.NewSidebarText(s.normal)
	s.root = kit.HStack(10, container.NewCenter(s.dot),
		kit.VStack(0, kit.NewSidebarTitle(text("nav.platform-name")), s.detail))
	return s
}

// watch keeps the dot true for as long as the visit lasts.
func (s *profileStatus) watch(v *visit) {
	v.Schedule.every(v.ctx, func() {
		load(v, func(ctx context.Context) (platform.Statistics, error) { return v.Platform.Statistics(ctx, "") },
			func(_ platform.Statistics, err error) {
				if err != nil {
					s.dot.SetColor(theme.ColorNameSidebarBad)
					s.detail.SetText(text("nav.platform-lost"))
					return
				}
				s.dot.SetColor(theme.ColorNameSidebarOK)
				s.detail.SetText(s.normal)
			})
	})
}
