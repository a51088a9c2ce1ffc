/**
 * @file heap.c  Things that are due at some time, the earliest first
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stddef.h>
#include "heap.h"


/* The later one gets below the other, in front of those that are there */
static struct heap_node *meld(struct heap_node *a, struct heap_node *b)
{
	struct heap_node *top = a, *sub = b;

	if (!a || !b)
		return a ? a : b;

	if (b->at < a->at) {
		top = b;
		sub = a;
	}

	sub->next = top->below;
	if (sub->next)
		sub->next->before = sub;
	sub->before = top;
	top->below = sub;

	return top;
}


/* Merge the siblings in pairs, then the results */
static struct heap_node *meld_all(struct heap_node *n)
{
	struct heap_node *pairs = NULL, *first = NULL;

	while (n) {
		struct heap_node *a = n, *b = n->next;

		n = b ? b->next : NULL;
		a->next = a->before = NULL;
		if (b)
			b->next = b->before = NULL;

		a = meld(a, b);
		a->next = pairs;
		pairs = a;
	}

	while (pairs) {
		struct heap_node *a = pairs;

		pairs = a->next;
		a->next = NULL;
		first = meld(first, a);
	}

	return first;
}


/**
 * Add a node
 *
 * @param h  Heap
 * @param n  Node, which is in no heap
 * @param at When it comes, by any clock that all of the heap have
 */
void heap_add(struct heap *h, struct heap_node *n, uint64_t at)
{
	n->at = at;
	h->first = meld(h->first, n);
}


/**
 * Remove a node
 *
 * @param h Heap
 * @param n Node in the heap
 */
void heap_cut(struct heap *h, struct heap_node *n)
{
	struct heap_node *below = meld_all(n->below);

	if (n == h->first) {
		h->first = below;
	}
	else {
		if (n->before->below == n)
			n->before->below = n->next;
		else
			n->before->next = n->next;
		if (n->next)
			n->next->before = n->before;
		h->first = meld(h->first, below);
	}

	n->below = n->next = n->before = NULL;
}


/**
 * Tell whether something is to come
 *
 * @param h Heap
 * @param n Node in the heap, or in none
 *
 * @return True if it is in the heap
 */
bool heap_has(const struct heap *h, const struct heap_node *n)
{
	return n->before || n == h->first;
}
