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

/*
 * For bash, and for zsh's imitation of its completion, which has no mapfile: words of
 * ours have no spaces, and names of files are left to the shell.
 */
static int complete_bash(
	const struct cli_program *program, struct buffer *out, struct error *err)
{
	if (buffer_printf(out, err,
		    "_%s() {\n\tlocal word=${COMP_WORDS[COMP_CWORD]} known=\n"
		    "\tcase $COMP_CWORD:${COMP_WORDS[1]} in\n\t1:*) known='",
		    program->name) < 0 ||
		add_commands(program, out, err) < 0 ||
		buffer_add_str(out, "' ;;\n", err) < 0)
		return err->class;
	for (size_t i = 0; i < program->command_count; i++)
		if (buffer_printf(out, err, "\t*:%s) known='",
			    program->commands[i]->name) < 0 ||
			add_options(program->commands[i], out, err) < 0 ||
			buffer_add_str(out, "' ;;\n", err) < 0)
			return err->class;
	return buffer_printf(out, err,
		"\tesac\n\tCOMPREPLY=()\n\tcase $COMP_CWORD:$word in\n"
		"\t1:* | *:-*) COMPREPLY=($(compgen -W \"$known\" -- \"$word\")) ;;\n"
		"\tesac\n}\ncomplete -o default -F _%s %s\n",
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

/* " -d 'text'": in fish's single quotes a backslash takes the next quote. */
static int add_fish_description(struct buffer *out, const char *text, struct error *err)
{
	if (buffer_add_str(out, " -d '", err) < 0)
		return err->class;
	for (; *text; text++)
		if (((*text == '\'' || *text == '\\') &&
			    buffer_add_byte(out, '\\', err) < 0) ||
			buffer_add_byte(out, *text, err) < 0)
			return err->class;
	return buffer_add_str(out, "'\n", err);
}

static int add_fish_option(const struct cli_program *program,
	const struct cli_command *command, const struct cli_option *option,
	struct buffer *out, struct error *err)
{
	if (buffer_printf(out, err,
		    "complete -c %s -n '__fish_seen_subcommand_from %s' -l %s%s",
		    program->name, command->name, option->name,
		    option->argument ? " -r" : "") < 0)
		return err->class;
	return add_fish_description(out, option->help, err);
}

static int complete_fish(
	const struct cli_program *program, struct buffer *out, struct error *err)
{
	for (size_t i = 0; i < program->command_count; i++) {
		const struct cli_command *command = program->commands[i];
		if (buffer_printf(out, err,
			    "complete -c %s -n __fish_use_subcommand -a %s",
			    program->name, command->name) < 0 ||
			add_fish_description(out, command->summary, err) < 0)
			return err->class;
		for (size_t o = 0; o < command->option_count; o++)
			if (add_fish_option(
				    program, command, &command->options[o], out, err) < 0)
				return err->class;
	}
	return 0;
}

static int add_completion(const struct cli_program *program, const char *shell,
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

int cli_completion(
	const struct cli_program *program, const char *shell, struct error *err)
{
	cleanup_buffer struct buffer out = BUFFER_INIT;
	if (add_completion(program, shell, &out, err) < 0)
		return err->class;
	return cli_print(buffer_slice(&out), err);
}
