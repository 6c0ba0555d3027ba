/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "oci/descriptor_private.h"
#include "oci/manifest.h"

#define LIST_MAX    10000
#define HISTORY_MAX (2 * LIMIT_LAYERS)

void image_config_free(struct image_config **config)
{
	struct arena *arena;

	if (!*config)
		return;
	arena = (*config)->arena; /* which holds the configuration itself */
	*config = NULL;
	arena_free(&arena);
}

static int read_texts(const json_t *object, const char *key, struct arena *arena,
	const char ***ret_texts, size_t *ret_count, struct error *err)
{
	struct json_t *array = NULL;
	const char **texts;

	if (json_opt_array(object, key, "config", LIST_MAX, &array, err) < 0)
		return err->class;
	if (!array)
		return 0;
	texts = arena_array(arena, json_array_size(array), sizeof(*texts));
	if (!texts)
		return error_set_memory(err);
	for (size_t i = 0; i < json_array_size(array); i++) {
		const json_t *item = json_array_get(array, i);

		if (!json_is_string(item))
			return error_set(
				err, ERR_INPUT, "config.%s[%zu]: not a text", key, i);
		texts[i] = arena_strdup(arena, json_string_value(item));
		if (!texts[i])
			return error_set_memory(err);
	}
	*ret_texts = texts;
	*ret_count = json_array_size(array);
	return 0;
}

/* {"/data": {}} */
static int read_volumes(
	const json_t *object, struct image_config *config, struct error *err)
{
	struct json_t *map = NULL;
	const char *key;
	json_t *value;

	if (json_opt_object(object, "Volumes", "config", &map, err) < 0)
		return err->class;
	if (!map)
		return 0;
	if (json_object_size(map) > LIST_MAX)
		return error_set(
			err, ERR_INPUT, "config.Volumes: more than %d", LIST_MAX);
	config->volumes = arena_array(
		config->arena, json_object_size(map), sizeof(*config->volumes));
	if (!config->volumes)
		return error_set_memory(err);
	json_object_foreach (map, key, value) {
		const char *copy = arena_strdup(config->arena, key);

		if (!copy)
			return error_set_memory(err);
		config->volumes[config->volume_count++] = copy;
	}
	return 0;
}

static int read_execution(
	const json_t *json, struct image_config *config, struct error *err)
{
	static const char *const known[] = {"User", "Env", "Entrypoint", "Cmd", "Volumes",
		"WorkingDir", "Labels", "StopSignal", NULL};
	struct arena *arena = config->arena;
	struct json_t *object = NULL;

	if (json_opt_object(json, "config", "config", &object, err) < 0)
		return err->class;
	if (!object)
		return 0;
	if (json_refuse_variants(object, known, "config.config", err) < 0)
		return err->class;
	if (json_copy_string(object, "User", "config", arena, &config->user, err) < 0 ||
		json_copy_string(object, "WorkingDir", "config", arena,
			&config->working_dir, err) < 0 ||
		json_copy_string(object, "StopSignal", "config", arena,
			&config->stop_signal, err) < 0)
		return err->class;
	if (read_texts(object, "Env", arena, &config->env, &config->env_count, err) < 0 ||
		read_texts(object, "Entrypoint", arena, &config->entrypoint,
			&config->entrypoint_count, err) < 0 ||
		read_texts(object, "Cmd", arena, &config->cmd, &config->cmd_count, err) <
			0)
		return err->class;
	if (read_volumes(object, config, err) < 0)
		return err->class;
	return annotations_from_json(object, "Labels", "config", arena, &config->labels,
		&config->label_count, err);
}

static int read_rootfs(const json_t *json, struct image_config *config, struct error *err)
{
	struct json_t *rootfs, *array;
	const char *type;

	if (json_get_object(json, "rootfs", "config", &rootfs, err) < 0 ||
		json_get_string(rootfs, "type", "config.rootfs", &type, err) < 0)
		return err->class;
	if (strcmp(type, "layers") != 0)
		return error_set(err, ERR_INPUT, "config.rootfs.type: not \"layers\"");
	if (json_get_array(
		    rootfs, "diff_ids", "config.rootfs", LIMIT_LAYERS, &array, err) < 0)
		return err->class;
	config->diff_ids = arena_array(
		config->arena, json_array_size(array), sizeof(*config->diff_ids));
	if (!config->diff_ids)
		return error_set_memory(err);
	for (size_t i = 0; i < json_array_size(array); i++) {
		const char *text = json_string_value(json_array_get(array, i));

		if (digest_parse(slice_str(text), &config->diff_ids[i], err) < 0)
			return error_wrap(err, "config.rootfs.diff_ids[%zu]", i);
	}
	config->diff_id_count = json_array_size(array);
	return 0;
}

/* One entry per layer: those that made none ("empty_layer") are passed over. */
static int read_history(
	const json_t *json, struct image_config *config, struct error *err)
{
	struct json_t *array = NULL;

	if (json_opt_array(json, "history", "config", HISTORY_MAX, &array, err) < 0)
		return err->class;
	if (!array)
		return 0;
	config->history = arena_array(
		config->arena, json_array_size(array), sizeof(*config->history));
	if (!config->history)
		return error_set_memory(err);
	for (size_t i = 0; i < json_array_size(array); i++) {
		const json_t *item = json_array_get(array, i);
		const char *text = "";
		bool empty = false;

		if (!json_is_object(item))
			return error_set(
				err, ERR_INPUT, "config.history[%zu]: not an object", i);
		if (json_opt_bool(item, "empty_layer", "config.history", &empty, err) <
				0 ||
			json_copy_string(item, "created_by", "config.history",
				config->arena, &text, err) < 0)
			return err->class;
		if (!empty)
			config->history[config->history_count++] = text;
	}
	return 0;
}

/* Builders without a clock write the year 1 or leave it out: taken as 0. */
static int read_created(
	const json_t *json, struct image_config *config, struct error *err)
{
	const char *text = NULL;

	if (json_opt_string(json, "created", "config", &text, err) < 0)
		return err->class;
	if (text && clock_parse(slice_str(text), &config->created, err) < 0)
		return error_wrap(err, "config.created");
	if (config->created < 0)
		config->created = 0;
	return 0;
}

static int read_config(const json_t *json, struct image_config *config, struct error *err)
{
	static const char *const known[] = {"os", "architecture", "variant", "author",
		"created", "config", "rootfs", "history", NULL};
	struct arena *arena = config->arena;

	if (!json_is_object(json))
		return error_set(err, ERR_INPUT, "config: not an object");
	if (json_refuse_variants(json, known, "config", err) < 0)
		return err->class;
	if (json_copy_string(json, "os", "config", arena, &config->os, err) < 0 ||
		json_copy_string(json, "architecture", "config", arena,
			&config->architecture, err) < 0 ||
		json_copy_string(
			json, "variant", "config", arena, &config->variant, err) < 0 ||
		json_copy_string(json, "author", "config", arena, &config->author, err) <
			0)
		return err->class;
	if (!config->os || !config->architecture)
		return error_set(
			err, ERR_INPUT, "config: os and architecture are required");
	if (read_created(json, config, err) < 0 ||
		read_execution(json, config, err) < 0 ||
		read_rootfs(json, config, err) < 0)
		return err->class;
	return read_history(json, config, err);
}

int image_config_parse(
	struct slice bytes, struct image_config **ret_config, struct error *err)
{
	cleanup_arena struct arena *arena = NULL;
	cleanup_json struct json_t *json = NULL;
	struct image_config *config;

	if (bytes.len > LIMIT_CONFIG_BYTES)
		return error_set(err, ERR_INPUT, "config: more than %zu bytes",
			LIMIT_CONFIG_BYTES);
	if (arena_new(&arena, err) < 0)
		return err->class;
	config = arena_alloc(arena, sizeof(*config));
	if (!config)
		return error_set_memory(err);
	config->arena = arena;
	if (json_load_slice(bytes, "config", &json, err) < 0 ||
		read_config(json, config, err) < 0)
		return err->class;
	arena = NULL; /* the configuration's now */
	*ret_config = config;
	return 0;
}

static int add_texts(json_t *object, const char *key, const char *const *texts,
	size_t count, struct error *err)
{
	json_t *array;

	if (count == 0)
		return 0;
	array = json_array();
	if (json_set(object, key, array, err) < 0)
		return err->class;
	for (size_t i = 0; i < count; i++)
		if (json_push(array, json_string(texts[i]), err) < 0)
			return err->class;
	return 0;
}

static int add_execution(
	json_t *json, const struct image_config *config, struct error *err)
{
	json_t *object = json_object(), *volumes;

	if (json_set(json, "config", object, err) < 0 ||
		json_set_string(object, "User", config->user, err) < 0 ||
		json_set_string(object, "WorkingDir", config->working_dir, err) < 0 ||
		json_set_string(object, "StopSignal", config->stop_signal, err) < 0)
		return err->class;
	if (add_texts(object, "Env", config->env, config->env_count, err) < 0 ||
		add_texts(object, "Entrypoint", config->entrypoint,
			config->entrypoint_count, err) < 0 ||
		add_texts(object, "Cmd", config->cmd, config->cmd_count, err) < 0)
		return err->class;
	if (annotations_to_json(
		    object, "Labels", config->labels, config->label_count, err) < 0)
		return err->class;
	if (config->volume_count == 0)
		return 0;
	volumes = json_object();
	if (json_set(object, "Volumes", volumes, err) < 0)
		return err->class;
	for (size_t i = 0; i < config->volume_count; i++)
		if (json_set(volumes, config->volumes[i], json_object(), err) < 0)
			return err->class;
	return 0;
}

static int add_rootfs(json_t *json, const struct image_config *config, struct error *err)
{
	json_t *rootfs = json_object(), *ids;
	char text[DIGEST_TEXT_MAX];

	if (json_set(json, "rootfs", rootfs, err) < 0 ||
		json_set_string(rootfs, "type", "layers", err) < 0)
		return err->class;
	ids = json_array();
	if (json_set(rootfs, "diff_ids", ids, err) < 0)
		return err->class;
	for (size_t i = 0; i < config->diff_id_count; i++)
		if (json_push(ids, json_string(digest_format(&config->diff_ids[i], text)),
			    err) < 0)
			return err->class;
	return 0;
}

static int add_history(json_t *json, const struct image_config *config,
	const char *created, struct error *err)
{
	json_t *array;

	if (config->history_count == 0)
		return 0;
	array = json_array();
	if (json_set(json, "history", array, err) < 0)
		return err->class;
	for (size_t i = 0; i < config->history_count; i++) {
		json_t *item = json_object();

		if (json_push(array, item, err) < 0 ||
			json_set_string(item, "created", created, err) < 0 ||
			json_set_string(item, "created_by", config->history[i], err) < 0)
			return err->class;
	}
	return 0;
}

int image_config_write(
	const struct image_config *config, struct buffer *out, struct error *err)
{
	cleanup_json struct json_t *json = json_object();
	char created[CLOCK_TEXT_MAX];

	if (!json)
		return error_set_memory(err);
	(void)clock_format(config->created, created); /* returns created */
	if (json_set_string(json, "os", config->os, err) < 0 ||
		json_set_string(json, "architecture", config->architecture, err) < 0 ||
		json_set_string(json, "variant", config->variant, err) < 0 ||
		json_set_string(json, "author", config->author, err) < 0 ||
		json_set_string(json, "created", created, err) < 0)
		return err->class;
	if (add_execution(json, config, err) < 0 || add_rootfs(json, config, err) < 0 ||
		add_history(json, config, created, err) < 0)
		return err->class;
	return json_dump(json, JSON_STYLE_COMPACT, out, err);
}
