# SPDX-License-Identifier: Apache-2.0
require "mkmf"
create_makefile("greeting_length")
