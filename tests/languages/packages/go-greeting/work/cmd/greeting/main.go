// SPDX-License-Identifier: Apache-2.0
package main

import (
	"fmt"
	"os"

	"github.com/mattn/go-runewidth"
)

var (
	version = "none"
	words   = "none"
)

func main() {
	fmt.Println(runewidth.StringWidth(os.Args[1]), volume, version, words)
}
