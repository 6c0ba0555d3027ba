/* SPDX-License-Identifier: Apache-2.0 */
#include <ruby.h>

static VALUE length_of(VALUE self, VALUE text)
{
	(void)self;
	return LONG2NUM(RSTRING_LEN(StringValue(text)));
}

void Init_greeting_length(void);
void Init_greeting_length(void)
{
	rb_define_global_function("length_of", length_of, 1);
}
