/**
 * @file main.c  Runs files through a fuzzer's entry point, without a fuzzer
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fuzz.h"


enum { PATH_SIZE = 4096 };


static int run_file(const char *path)
{
	uint8_t *data = NULL;
	FILE *f = fopen(path, "r");
	long size;

	if (!f || fseek(f, 0, SEEK_END) || (size = ftell(f)) < 0)
		goto out;

	/* exactly as large as it is, so that reading behind it is noticed */
	data = malloc(size ? (size_t)size : 1);
	rewind(f);
	if (!data || fread(data, 1, (size_t)size, f) != (size_t)size)
		goto out;

	(void)fclose(f);
	(void)LLVMFuzzerTestOneInput(data, (size_t)size);
	free(data);

	return 0;

out:
	perror(path);
	free(data);
	if (f)
		(void)fclose(f);

	return 1;
}


static int run_dir(const char *dir, unsigned *count)
{
	char path[PATH_SIZE];
	struct dirent **names;
	int n = scandir(dir, &names, NULL, alphasort), failed = n < 0;

	if (failed)
		perror(dir);

	for (int i = 0; i < n; i++) {
		if (*names[i]->d_name != '.') {
			(void)snprintf(path, sizeof(path), "%s/%s", dir,
				       names[i]->d_name);
			failed |= run_file(path);
			++*count;
		}
		free(names[i]);
	}
	if (n >= 0)
		free(names);

	return failed;
}


int main(int argc, char *argv[])
{
	unsigned count = 0;
	int failed = 0;

	for (int i = 1; i < argc; i++)
		failed |= run_dir(argv[i], &count);

	(void)printf("%u inputs\n", count);

	return failed || !count ? EXIT_FAILURE : EXIT_SUCCESS;
}
