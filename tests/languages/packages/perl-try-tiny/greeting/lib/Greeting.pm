# SPDX-License-Identifier: Apache-2.0
package Greeting;
our $VERSION = "1.0";
require XSLoader;
XSLoader::load("Greeting", $VERSION);
1;
