// SPDX-License-Identifier: Apache-2.0
//go:build !loud

package main

const volume = "quiet"
