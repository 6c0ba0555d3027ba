// SPDX-License-Identifier: Apache-2.0
package main

import "fmt"

var version = "none"

func main() {
	fmt.Println(version)
}
