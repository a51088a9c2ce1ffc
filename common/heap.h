/**
 * @file heap.h  Things that are due at some time, the earliest first
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef HEAP_H
#define HEAP_H

#include <stdbool.h>
#include <stdint.h>

/** What comes, zeroed when it is new */
struct heap_node {
	struct heap_node *below;  /**< First of those that come later */
	struct heap_node *next;   /**< Below the same one, as we are  */
	struct heap_node *before; /**< Whose `next` or `below` we are */
	uint64_t at;              /**< When it comes                  */
};

/** A pairing heap: none comes before the one that it is below */
struct heap {
	struct heap_node *first; /**< The earliest, NULL if there is none */
};

void heap_add(struct heap *h, struct heap_node *n, uint64_t at);
void heap_cut(struct heap *h, struct heap_node *n);
bool heap_has(const struct heap *h, const struct heap_node *n);

#endif
