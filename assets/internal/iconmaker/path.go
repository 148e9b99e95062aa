package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// parsePath reads the commands of an SVG path that the drawings use: lines,
// cubic curves and circular arcs, absolute and relative.
func parsePath(d string) ([][]point, error) {
	p := pathParser{rest: d}
	for p.skip(); p.rest != ""; p.skip() {
		if c := p.rest[0]; c >= 'A' && c <= 'z' {
			p.command, p.rest = c, p.rest[1:]
		} else if p.command == 'm' {
			p.command = 'l' // points that follow a move are lines
		} else if p.command == 'M' {
			p.command = 'L'
		}
		if err := p.step(); err != nil {
			return nil, err
		}
	}
	return p.lines, nil
}

type pathParser struct {
	rest    string
	command byte
	lines   [][]point
	at      point
	failed  error
}

func (p *pathParser) skip() { p.rest = strings.TrimLeft(p.rest, " ,\n\t") }

// number reads a number; a flag of an arc is one as well, written apart.
func (p *pathParser) number() float64 {
	p.skip()
	end, dot := 0, false
	for ; end < len(p.rest); end++ {
		c := p.rest[end]
		if c == '-' && end > 0 || c == '.' && dot || c != '-' && c != '.' && (c < '0' || c > '9') {
			break
		}
		dot = dot || c == '.'
	}
	v, err := strconv.ParseFloat(p.rest[:end], 64)
	if err != nil {
		p.failed = fmt.Errorf("no number at %q", p.rest)
	}
	p.rest = p.rest[end:]
	return v
}

func (p *pathParser) point(from point) point {
	x := p.number()
	return point{from.x + x, from.y + p.number()}
}

func (p *pathParser) add(points ...point) {
	last := len(p.lines) - 1
	if last < 0 {
		p.failed = fmt.Errorf("the path does not begin with a move")
		return
	}
	p.lines[last] = append(p.lines[last], points...)
	p.at = points[len(points)-1]
}

// step reads the arguments of one command.
func (p *pathParser) step() error {
	var from point // what the coordinates count from
	if p.command >= 'a' {
		from = p.at
	}
	switch strings.ToUpper(string(p.command)) {
	case "M":
		p.at = p.point(from)
		p.lines = append(p.lines, []point{p.at})
	case "L":
		p.add(p.point(from))
	case "H":
		p.add(point{from.x + p.number(), p.at.y})
	case "V":
		p.add(point{p.at.x, from.y + p.number()})
	case "C":
		a, b, c := p.point(from), p.point(from), p.point(from)
		p.add(curve(p.at, a, b, c)...)
	case "A":
		r := p.number()
		p.number() // the other radius is the same
		p.number() // and a circle may turn
		large, clockwise := p.number() != 0, p.number() != 0
		p.add(circular(p.at, p.point(from), r, large, clockwise)...)
	case "Z":
		if len(p.lines) > 0 {
			p.add(p.lines[len(p.lines)-1][0])
		}
	default:
		return fmt.Errorf("the path command %c is not understood", p.command)
	}
	return p.failed
}

func curve(from, a, b, to point) []point {
	const steps = 12
	line := make([]point, steps)
	for i := range line {
		t := float64(i+1) / steps
		u := 1 - t
		mix := func(p, q, r, s float64) float64 { return u*u*u*p + 3*u*u*t*q + 3*u*t*t*r + t*t*t*s }
		line[i] = point{mix(from.x, a.x, b.x, to.x), mix(from.y, a.y, b.y, to.y)}
	}
	return line
}

// circular is the arc between two points; of the four there are, the flags name
// one.
func circular(from, to point, r float64, large, clockwise bool) []point {
	half := math.Hypot(to.x-from.x, to.y-from.y) / 2
	r = max(r, half)
	rise := math.Sqrt(r*r - half*half)
	if large == clockwise {
		rise = -rise
	}
	cx := (from.x+to.x)/2 - rise*(to.y-from.y)/(2*half)
	cy := (from.y+to.y)/2 + rise*(to.x-from.x)/(2*half)
	start := math.Atan2(from.y-cy, from.x-cx)
	sweep := math.Atan2(to.y-cy, to.x-cx) - start
	switch {
	case clockwise && sweep < 0:
		sweep += 2 * math.Pi
	case !clockwise && sweep > 0:
		sweep -= 2 * math.Pi
	}
	return arc(cx, cy, r, r, start, sweep)[1:]
}
