module example.org/greeting

go 1.21

require github.com/mattn/go-runewidth v0.0.16

require github.com/rivo/uniseg v0.4.7 // indirect
