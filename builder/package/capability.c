/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/package/capability.h"

#define REVISION_2     UINT32_C(0x02000000)
#define FLAG_EFFECTIVE UINT32_C(1)

/* By number: linux/capability.h of Linux 6.x. */
static const char *const NAMES[] = {"chown", "dac_override", "dac_read_search", "fowner",
	"fsetid", "kill", "setgid", "setuid", "setpcap", "linux_immutable",
	"net_bind_service", "net_broadcast", "net_admin", "net_raw", "ipc_lock",
	"ipc_owner", "sys_module", "sys_rawio", "sys_chroot", "sys_ptrace", "sys_pacct",
	"sys_admin", "sys_boot", "sys_nice", "sys_resource", "sys_time", "sys_tty_config",
	"mknod", "lease", "audit_write", "audit_control", "setfcap", "mac_override",
	"mac_admin", "syslog", "wake_alarm", "block_suspend", "audit_read", "perfmon",
	"bpf", "checkpoint_restore"};

static int find_bit(struct slice name, uint64_t *ret_bit, struct error *err)
{
	name = slice_trim(name);
	struct slice bare = name;
	if (slice_starts_with(name, SLICE("cap_")) ||
		slice_starts_with(name, SLICE("CAP_")))
		bare = slice_sub(name, 4, name.len);
	for (size_t i = 0; i < ARRAY_LEN(NAMES); i++)
		if (slice_equal_str(bare, NAMES[i])) {
			*ret_bit = UINT64_C(1) << i;
			return 0;
		}
	return error_set(err, ERR_INPUT, "no such capability: \"%.*s\"", SLICE_ARG(name));
}

static int parse_flags(
	struct slice flags, struct capability *ret_flags, struct error *err)
{
	struct capability found = CAPABILITY_NONE;
	struct slice rest = slice_trim(flags), mark;
	if (slice_starts_with(rest, SLICE("+")) || slice_starts_with(rest, SLICE("=")))
		(void)slice_take(&rest, 1, &mark); /* there is one */
	for (size_t i = 0; i < rest.len; i++) {
		if (rest.data[i] == 'e')
			found.effective = true;
		else if (rest.data[i] == 'p')
			found.permitted = 1;
		else if (rest.data[i] == 'i')
			found.inheritable = 1;
		else
			return error_set(err, ERR_INPUT,
				"no such flags of a capability: \"%.*s\"",
				SLICE_ARG(flags));
	}
	if (!found.permitted && !found.inheritable)
		return error_set(err, ERR_INPUT,
			"flags \"%.*s\" grant nothing without p or i", SLICE_ARG(flags));
	*ret_flags = found;
	return 0;
}

int capability_add(struct capability *capability, struct slice names, struct slice flags,
	struct error *err)
{
	struct capability given = CAPABILITY_NONE, sum = *capability;
	struct slice name;
	if (parse_flags(flags, &given, err) < 0)
		return err->class;
	if ((sum.permitted || sum.inheritable) && sum.effective != given.effective)
		return error_set(err, ERR_INPUT,
			"a file's capabilities are effective all together or not at all");
	if (names.len == 0)
		return error_set(err, ERR_INPUT, "no capability is named");
	while (slice_cut(&names, ',', &name)) {
		uint64_t bit;
		if (find_bit(name, &bit, err) < 0)
			return err->class;
		sum.permitted |= given.permitted ? bit : 0;
		sum.inheritable |= given.inheritable ? bit : 0;
	}
	sum.effective = given.effective;
	*capability = sum;
	return 0;
}

static void put_u32(uint8_t *to, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		to[i] = (uint8_t)(value >> (8 * i)); /* the byte wanted */
}

void capability_encode(
	const struct capability *capability, uint8_t value[CAPABILITY_BYTES])
{
	put_u32(value, REVISION_2 | (capability->effective ? FLAG_EFFECTIVE : 0));
	put_u32(value + 4, (uint32_t)capability->permitted); /* the lower half */
	put_u32(value + 8, (uint32_t)capability->inheritable);
	put_u32(value + 12, (uint32_t)(capability->permitted >> 32));
	put_u32(value + 16, (uint32_t)(capability->inheritable >> 32));
}
