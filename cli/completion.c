/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

static int add_commands(
	const struct cli_program *program, struct buffer *out, struct error *err)
{
	for (size_t i = 0; i < program->command_count; i++)
		if (buffer_printf(out, err, "%s%s", i ? " " : "",
			    program->commands[i]->name) < 0)
			return err->class;
	return 0;
}

static int add_options(
	const struct cli_command *command, struct buffer *out, struct error *err)
{
	for (size_t i = 0; i < command->option_count; i++)
		if (buffer_printf(out, err, "--%s ", command->options[i].name) < 0)
			return err->class;
	return buffer_add_str(out, "--quiet --verbose --help", err);
}

static int complete_bash(
	const struct cli_program *program, struct buffer *out, struct error *err)
{
	if (buffer_printf(out, err,
		    "_%s() {\n\tlocal word=${COMP_WORDS[COMP_CWORD]} options=\n"
		    "\tif [ \"$COMP_CWORD\" = 1 ]; then\n\t\tmapfile -t COMPREPLY < "
		    "<(compgen -W '",
		    program->name) < 0 ||
		add_commands(program, out, err) < 0 ||
		buffer_add_str(out,
			"' -- \"$word\")\n\t\treturn\n\tfi\n\tcase ${COMP_WORDS[1]} in\n",
			err) < 0)
		return err->class;
	for (size_t i = 0; i < program->command_count; i++)
		if (buffer_printf(out, err, "\t%s) options='",
			    program->commands[i]->name) < 0 ||
			add_options(program->commands[i], out, err) < 0 ||
			buffer_add_str(out, "' ;;\n", err) < 0)
			return err->class;
	return buffer_printf(out, err,
		"\tesac\n\tcase $word in\n"
		"\t-*) mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$word\") "
		";;\n"
		"\t*) mapfile -t COMPREPLY < <(compgen -f -- \"$word\") ;;\n\tesac\n}\n"
		"complete -o filenames -F _%s %s\n",
		program->name, program->name);
}

static int complete_zsh(
	const struct cli_program *program, struct buffer *out, struct error *err)
{
	if (buffer_printf(out, err,
		    "#compdef %s\nautoload -Uz bashcompinit && bashcompinit\n",
		    program->name) < 0)
		return err->class;
	return complete_bash(program, out, err);
}

static int complete_fish(
	const struct cli_program *program, struct buffer *out, struct error *err)
{
	for (size_t i = 0; i < program->command_count; i++) {
		const struct cli_command *command = program->commands[i];
		if (buffer_printf(out, err,
			    "complete -c %s -n __fish_use_subcommand -a %s -d '%s'\n",
			    program->name, command->name, command->summary) < 0)
			return err->class;
		for (size_t o = 0; o < command->option_count; o++)
			if (buffer_printf(out, err,
				    "complete -c %s -n '__fish_seen_subcommand_from %s' "
				    "-l %s%s\n",
				    program->name, command->name,
				    command->options[o].name,
				    command->options[o].argument ? " -r" : "") < 0)
				return err->class;
	}
	return 0;
}

int cli_completion(const struct cli_program *program, const char *shell,
	struct buffer *out, struct error *err)
{
	if (strcmp(shell, "bash") == 0)
		return complete_bash(program, out, err);
	if (strcmp(shell, "zsh") == 0)
		return complete_zsh(program, out, err);
	if (strcmp(shell, "fish") == 0)
		return complete_fish(program, out, err);
	return error_set(
		err, ERR_USAGE, "no completion for '%s': bash, zsh or fish", shell);
}

static int run(const void *options, const struct cli_list *arguments, struct error *err)
{
	cleanup_buffer struct buffer out = BUFFER_INIT;
	(void)options; /* it has none */
	if (cli_completion(&alnage_program, arguments->items[0], &out, err) < 0)
		return err->class;
	return cli_print(buffer_slice(&out), err);
}

const struct cli_command completion_command = {
	.name = "completion",
	.arguments = "bash|zsh|fish",
	.summary = "print a shell completion script",
	.min_arguments = 1,
	.max_arguments = 1,
	.run = run,
};
