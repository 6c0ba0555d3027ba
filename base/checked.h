/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arithmetic on numbers that came from outside. Each returns false, and leaves
 * *ret alone, when the result does not fit.
 */
#ifndef BASE_CHECKED_H
#define BASE_CHECKED_H

#include "base/defs.h"

MUST_USE static inline bool checked_add_size(size_t a, size_t b, size_t *ret)
{
	size_t sum;
	if (__builtin_add_overflow(a, b, &sum))
		return false;
	*ret = sum;
	return true;
}

MUST_USE static inline bool checked_mul_size(size_t a, size_t b, size_t *ret)
{
	size_t product;
	if (__builtin_mul_overflow(a, b, &product))
		return false;
	*ret = product;
	return true;
}

MUST_USE static inline bool checked_add_u64(uint64_t a, uint64_t b, uint64_t *ret)
{
	uint64_t sum;
	if (__builtin_add_overflow(a, b, &sum))
		return false;
	*ret = sum;
	return true;
}

MUST_USE static inline bool checked_mul_u64(uint64_t a, uint64_t b, uint64_t *ret)
{
	uint64_t product;
	if (__builtin_mul_overflow(a, b, &product))
		return false;
	*ret = product;
	return true;
}

MUST_USE static inline bool checked_u64_to_size(uint64_t value, size_t *ret)
{
	if (value > SIZE_MAX)
		return false;
	*ret = (size_t)value; /* tested the line before */
	return true;
}

#endif
