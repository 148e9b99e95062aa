package store

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"

	"fleetmint/platform"
)

func BenchmarkRegisterDevice(b *testing.B) {
	for _, callers := range []int{1, 64} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			s := mustOpen(b, b.TempDir())
			pk := newProduct(b, s, "lamp").ProductKey
			b.SetParallelism(max(1, callers/runtime.GOMAXPROCS(0)))
			// Serial numbers in a row, as a factory has them: random names dirty
			// a page of the tree each.
			var serial atomic.Uint64
			register := func() {
				name := fmt.Sprintf("SN-%08d", serial.Add(1))
				if _, err := s.RegisterDevice(b.Context(), platform.NewDevice{ProductKey: pk, DeviceName: name}); err != nil {
					b.Error(err)
				}
			}
			b.ResetTimer()
			if callers == 1 {
				for range b.N {
					register()
				}
				return
			}
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					register()
				}
			})
		})
	}
}

func BenchmarkRegisterDevices(b *testing.B) {
	batch := names(100_000)
	s := mustOpen(b, b.TempDir())
	round := 0
	for b.Loop() {
		round++
		pk := newProduct(b, s, fmt.Sprint("lamp-", round)).ProductKey
		must[[]platform.Device](b)(s.RegisterDevices(b.Context(), pk, batch))
	}
	b.ReportMetric(float64(len(batch)*b.N)/b.Elapsed().Seconds(), "devices/s")
}

func BenchmarkVerification(b *testing.B) {
	batch := names(100_000)
	s := mustOpen(b, b.TempDir())
	pk := newProduct(b, s, "lamp").ProductKey
	must[[]platform.Device](b)(s.RegisterDevices(b.Context(), pk, batch))
	var next atomic.Uint64
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		i := int(next.Add(7919))
		for pb.Next() {
			i++
			if _, found := s.Verification(pk, batch[i%len(batch)]); !found {
				b.Error("not found")
			}
		}
	})
}

func BenchmarkDevicesDeepPage(b *testing.B) {
	s := mustOpen(b, b.TempDir())
	pk := newProduct(b, s, "lamp").ProductKey
	must[[]platform.Device](b)(s.RegisterDevices(b.Context(), pk, names(100_000)))
	for b.Loop() {
		must[platform.DevicePage](b)(s.Devices(b.Context(), pk, platform.Page{Number: 1500, Size: 50}))
	}
}
