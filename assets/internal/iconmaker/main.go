// Command iconmaker turns the line drawings in strokes into the icons of the
// console. Fyne colours what an SVG fills and leaves what it strokes as it is,
// so every line becomes the area that it covers.
//
// Run it with go generate in the folder assets.
package main

import (
	"encoding/xml"
	"fmt"
	"log"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: iconmaker FROM TO")
	}
	files, err := filepath.Glob(filepath.Join(os.Args[1], "*.svg"))
	if err != nil {
		log.Fatal(err)
	}
	for _, file := range files {
		if err := convert(file, filepath.Join(os.Args[2], filepath.Base(file))); err != nil {
			log.Fatalf("%s: %v", file, err)
		}
	}
}

// strokeRadius is half the width of every line, in a square of 24 units.
const strokeRadius = 0.9

type point struct{ x, y float64 }

// shape is a path, rect or circle of the drawing.
type shape struct {
	XMLName xml.Name
	D       string  `xml:"d,attr"`
	X       float64 `xml:"x,attr"`
	Y       float64 `xml:"y,attr"`
	Width   float64 `xml:"width,attr"`
	Height  float64 `xml:"height,attr"`
	Radius  float64 `xml:"rx,attr"`
	CX      float64 `xml:"cx,attr"`
	CY      float64 `xml:"cy,attr"`
	R       float64 `xml:"r,attr"`
}

func convert(from, to string) error {
	source, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	var drawing struct {
		Shapes []shape `xml:",any"`
	}
	if err := xml.Unmarshal(source, &drawing); err != nil {
		return err
	}
	var area strings.Builder
	for _, s := range drawing.Shapes {
		lines, err := s.lines()
		if err != nil {
			return err
		}
		for _, line := range lines {
			for i := 1; i < len(line); i++ {
				cover(&area, line[i-1], line[i])
			}
		}
	}
	svg := `<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24" viewBox="0 0 24 24">` + "\n" +
		`<path fill="#000000" d="` + area.String() + `"/>` + "\n</svg>\n"
	return os.WriteFile(to, []byte(svg), 0o644)
}

// cover adds the area of a line with round ends. All areas turn the same way,
// so that those which overlap fill as one.
func cover(b *strings.Builder, from, to point) {
	angle := math.Atan2(to.y-from.y, to.x-from.x)
	dx, dy := -math.Sin(angle)*strokeRadius, math.Cos(angle)*strokeRadius
	r := number(strokeRadius)
	fmt.Fprintf(b, "M%s %sA%s %s 0 0 1 %s %sL%s %sA%s %s 0 0 1 %s %sz",
		number(from.x+dx), number(from.y+dy), r, r, number(from.x-dx), number(from.y-dy),
		number(to.x-dx), number(to.y-dy), r, r, number(to.x+dx), number(to.y+dy))
}

func number(v float64) string {
	s := strings.TrimRight(strings.TrimRight(strconv.FormatFloat(v, 'f', 2, 64), "0"), ".")
	if s == "-0" {
		return "0"
	}
	return s
}

// lines are the shape's outlines as chains of straight lines.
func (s shape) lines() ([][]point, error) {
	switch s.XMLName.Local {
	case "rect":
		r, right, bottom := s.Radius, s.X+s.Width, s.Y+s.Height
		line := []point{{s.X + r, s.Y}}
		corner := func(cx, cy, start float64) { line = append(line, arc(cx, cy, r, r, start, math.Pi/2)...) }
		corner(right-r, s.Y+r, -math.Pi/2)
		corner(right-r, bottom-r, 0)
		corner(s.X+r, bottom-r, math.Pi/2)
		corner(s.X+r, s.Y+r, math.Pi)
		return [][]point{line}, nil
	case "circle":
		return [][]point{arc(s.CX, s.CY, s.R, s.R, 0, 2*math.Pi)}, nil
	case "path":
		return parsePath(s.D)
	}
	return nil, fmt.Errorf("a %s is not understood", s.XMLName.Local)
}

// arc is a part of an ellipse from an angle over a sweep.
func arc(cx, cy, rx, ry, start, sweep float64) []point {
	steps := max(2, int(math.Ceil(math.Abs(sweep)/(math.Pi/10))))
	line := make([]point, steps+1)
	for i := range line {
		a := start + sweep*float64(i)/float64(steps)
		line[i] = point{cx + rx*math.Cos(a), cy + ry*math.Sin(a)}
	}
	return line
}
