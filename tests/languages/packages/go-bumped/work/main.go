// SPDX-License-Identifier: Apache-2.0
package main

import (
	"fmt"

	"example.org/tool"
)

func main() {
	fmt.Println(tool.Version)
}
