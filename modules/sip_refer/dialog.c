/**
 * @file dialog.c  The SIP dialog of a stock baresip call
 *
 * baresip gives nobody a call's dialog, but hands it to libre's
 * sipevent_drefer() when it transfers a call. This file puts a function of
 * ours in that place of baresip's relocation tables, asks baresip to transfer
 * a call, keeps what the function receives, and sends nothing. A transfer
 * that we did not ask for goes through to libre untouched.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#define _GNU_SOURCE
#include <elf.h>
#include <inttypes.h>
#include <link.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <re.h>
#include "compat/compat.h"
#include "sip_refer.h"


enum {
	SLOT_MAX = 8, /* objects that may import the function: one does */
};

#if defined(__x86_64__)
enum {
	RELOC_JUMP_SLOT = R_X86_64_JUMP_SLOT,
	RELOC_GLOB_DAT = R_X86_64_GLOB_DAT,
};
#elif defined(__aarch64__)
enum {
	RELOC_JUMP_SLOT = R_AARCH64_JUMP_SLOT,
	RELOC_GLOB_DAT = R_AARCH64_GLOB_DAT,
};
#else
enum {
	RELOC_JUMP_SLOT = -1,
	RELOC_GLOB_DAT = -1,
};
#endif

static const char symbol[] = "sipevent_drefer";

/** A place where an object keeps the address of the function */
struct slot {
	uintptr_t *addr;
	uintptr_t orig; /* the function, or the stub that would bind it */
};

/** What a walk over one object needs of its dynamic section */
struct object {
	uintptr_t base;
	const ElfW(Sym) * symtab;
	const char *strtab;
	const ElfW(Rela) * rela, *jmprel;
	size_t relasz, pltrelsz;
};

static struct {
	struct slot slotv[SLOT_MAX];
	size_t slotc;
	struct dialog *claim; /* takes what the next call hands over */
	bool taken;
} d;


static void destructor(void *arg)
{
	struct dialog *dlg = arg;

	mem_deref(dlg->dlg);
	mem_deref(dlg->cuser);
	mem_deref(dlg->aarg);
}


/* Stands in for sipevent_drefer(); same signature since libre 0.6 */
static int drefer_handler(struct sipsub **subp, struct sipevent_sock *sock,
			  struct sip_dialog *dlg, const char *cuser,
			  sip_auth_h *authh, void *aarg, bool aref,
			  sipsub_notify_h *notifyh, sipsub_close_h *closeh,
			  void *arg, const char *fmt, ...)
{
	char *hdrs;
	va_list ap;
	int err;

	if (d.claim) {

		/* without a reference, credentials could outlive their owner
		 */
		if (!aref)
			return ENOTSUP;

		d.claim->dlg = mem_ref(dlg);
		d.claim->authh = authh;
		d.claim->aarg = mem_ref(aarg);
		d.taken = true;

		return str_dup(&d.claim->cuser, cuser);
	}

	va_start(ap, fmt);
	err = re_vsdprintf(&hdrs, fmt, ap);
	va_end(ap);
	if (err)
		return err;

	err = sipevent_drefer(subp, sock, dlg, cuser, authh, aarg, aref,
			      notifyh, closeh, arg, "%s", hdrs);
	mem_deref(hdrs);

	return err;
}


/* glibc has relocated most addresses in the dynamic section, not all */
static const void *dyn_addr(uintptr_t base, const ElfW(Dyn) * dyn)
{
	const uintptr_t addr = dyn->d_un.d_ptr;

	return (const void *)(addr < base ? base + addr : addr);
}


static bool object_read(struct object *obj, const struct dl_phdr_info *dpi)
{
	const ElfW(Dyn) *dyn = NULL;
	bool is_rela = true;
	int i;

	memset(obj, 0, sizeof(*obj));
	obj->base = dpi->dlpi_addr;

	for (i = 0; i < dpi->dlpi_phnum; i++) {
		if (dpi->dlpi_phdr[i].p_type == PT_DYNAMIC)
			dyn = (const ElfW(Dyn) *)(obj->base +
						  dpi->dlpi_phdr[i].p_vaddr);
	}

	for (; dyn && dyn->d_tag != DT_NULL; dyn++) {

		switch (dyn->d_tag) {

		case DT_SYMTAB: obj->symtab = dyn_addr(obj->base, dyn); break;
		case DT_STRTAB: obj->strtab = dyn_addr(obj->base, dyn); break;
		case DT_RELA: obj->rela = dyn_addr(obj->base, dyn); break;
		case DT_RELASZ: obj->relasz = dyn->d_un.d_val; break;
		case DT_JMPREL: obj->jmprel = dyn_addr(obj->base, dyn); break;
		case DT_PLTRELSZ: obj->pltrelsz = dyn->d_un.d_val; break;
		case DT_PLTREL: is_rela = dyn->d_un.d_val == DT_RELA; break;
		default: break;
		}
	}

	return obj->symtab && obj->strtab && is_rela;
}


static void slots_find(const struct object *obj, const ElfW(Rela) * rela,
		       size_t size)
{
	const ElfW(Rela) *end = rela + size / sizeof(*rela);

	for (; rela && rela < end && d.slotc < SLOT_MAX; rela++) {

		const int type = ELF64_R_TYPE(rela->r_info);
		const ElfW(Sym) *sym = &obj->symtab[ELF64_R_SYM(rela->r_info)];
		struct slot *slot = &d.slotv[d.slotc];

		if (type != RELOC_JUMP_SLOT && type != RELOC_GLOB_DAT)
			continue;

		if (strcmp(obj->strtab + sym->st_name, symbol))
			continue;

		slot->addr = (uintptr_t *)(obj->base + rela->r_offset);
		slot->orig = *slot->addr;
		++d.slotc;
	}
}


static bool object_has(const struct dl_phdr_info *dpi, uintptr_t addr)
{
	int i;

	for (i = 0; i < dpi->dlpi_phnum; i++) {

		const ElfW(Phdr) *ph = &dpi->dlpi_phdr[i];
		const uintptr_t start = dpi->dlpi_addr + ph->p_vaddr;

		if (ph->p_type == PT_LOAD && addr >= start &&
		    addr < start + ph->p_memsz)
			return true;
	}

	return false;
}


/* Every object but libre, which defines the function, and this module */
static int phdr_handler(struct dl_phdr_info *dpi, size_t size, void *arg)
{
	struct object obj;
	(void)size;
	(void)arg;

	if (object_has(dpi, (uintptr_t)&d) ||
	    object_has(dpi, (uintptr_t)&sipevent_drefer))
		return 0;

	if (!object_read(&obj, dpi))
		return 0;

	slots_find(&obj, obj.jmprel, obj.pltrelsz);
	slots_find(&obj, obj.rela, obj.relasz);

	return 0;
}


/* How the page of an address is protected now, from /proc/self/maps */
static int page_prot(int *protp, uintptr_t addr)
{
	uintptr_t start, end;
	char line[512], perms[5];
	FILE *f;
	int err = ENOENT;

	f = fopen("/proc/self/maps", "re");
	if (!f)
		return errno;

	while (fgets(line, sizeof(line), f)) {

		if (3 != sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s", &start,
				&end, perms))
			continue;

		if (addr < start || addr >= end)
			continue;

		*protp = (perms[0] == 'r' ? PROT_READ : 0) |
			 (perms[1] == 'w' ? PROT_WRITE : 0) |
			 (perms[2] == 'x' ? PROT_EXEC : 0);
		err = 0;
		break;
	}

	(void)fclose(f);

	return err;
}


/* The page may be shared with slots that are bound lazily: it must afterwards
   be exactly as writable as it was */
static int slot_write(const struct slot *slot, uintptr_t val)
{
	const uintptr_t size = sysconf(_SC_PAGESIZE);
	void *page = (void *)((uintptr_t)slot->addr & ~(size - 1));
	int prot, err;

	err = page_prot(&prot, (uintptr_t)slot->addr);
	if (err)
		return err;

	if (!(prot & PROT_WRITE) && mprotect(page, size, prot | PROT_WRITE))
		return errno;

	*slot->addr = val;

	if (!(prot & PROT_WRITE) && mprotect(page, size, prot))
		return errno;

	return 0;
}


/**
 * Stand in for sipevent_drefer() in the running baresip
 *
 * @param why  Buffer for the sentence that says why it cannot be done
 * @param size Size of the buffer
 *
 * @return 0 if success, otherwise errorcode
 */
int dialog_init(char *why, size_t size)
{
	size_t i;
	int err = 0;

	if (RELOC_JUMP_SLOT < 0) {
		(void)re_snprintf(why, size,
				  "this processor's executable format is not "
				  "supported (x86-64 and aarch64 are)");
		return ENOTSUP;
	}

	dl_iterate_phdr(phdr_handler, NULL);
	if (!d.slotc) {
		(void)re_snprintf(why, size,
				  "this baresip does not import %s from a "
				  "shared libre (a static build?)",
				  symbol);
		return ENOTSUP;
	}

	for (i = 0; i < d.slotc && !err; i++)
		err = slot_write(&d.slotv[i], (uintptr_t)drefer_handler);

	if (err) {
		d.slotc = i;
		dialog_close();
		(void)re_snprintf(why, size,
				  "the system does not let it change "
				  "baresip's import of %s (%m)",
				  symbol, err);
	}

	return err;
}


/**
 * Give baresip its own sipevent_drefer() back; harmless without dialog_init()
 */
void dialog_close(void)
{
	size_t i;

	for (i = 0; i < d.slotc; i++) {
		if (*d.slotv[i].addr == (uintptr_t)drefer_handler)
			(void)slot_write(&d.slotv[i], d.slotv[i].orig);
	}

	d.slotc = 0;
}


/**
 * Take the dialog of a call. It is given back with mem_deref(), and may
 * outlive the call.
 *
 * @param dlgp Pointer to the dialog
 * @param call An established call
 *
 * @return 0 if success, otherwise errorcode
 */
int dialog_take(struct dialog **dlgp, struct call *call)
{
	struct dialog *dlg;
	int err;

	if (!dlgp || !call)
		return EINVAL;

	dlg = mem_zalloc(sizeof(*dlg), destructor);
	if (!dlg)
		return ENOMEM;

	d.claim = dlg;
	d.taken = false;
	err = call_transfer(call, "sip:dialog@invalid");
	d.claim = NULL;

	if (!err && !d.taken)
		err = ENOTSUP;

	if (err)
		mem_deref(dlg);
	else
		*dlgp = dlg;

	return err;
}


/* Where a request in the dialog would leave, as far as that is known before
   its next hop is looked up */
static int print_via(struct mbuf *mb, const struct dialog *dlg, struct sa *src,
		     enum sip_transp *tpp)
{
	const struct uri *route = sip_dialog_route(dlg->dlg);
	enum sip_transp tp = SIP_TRANSP_UDP;
	struct pl transport;
	struct sa dst;
	int err;

	if (!msg_param_decode(&route->params, "transport", &transport)) {
		if (!pl_strcasecmp(&transport, "tcp"))
			tp = SIP_TRANSP_TCP;
		else if (!pl_strcasecmp(&transport, "tls"))
			tp = SIP_TRANSP_TLS;
	}

	if (sa_set(&dst, &route->host, SIP_PORT))
		sa_init(&dst, AF_INET);

	err = sip_transp_laddr(uag_sip(), src, tp, &dst);
	if (err)
		return err;

	*tpp = tp;

	return mbuf_printf(mb,
			   "Via: SIP/2.0/%s %J;branch=z9hG4bK%016llx"
			   ";rport\r\n",
			   sip_transp_name(tp), src, rand_u64());
}


/* An ACK takes the CSeq that it is given, anything else uses one up */
static int print_dialog(struct mbuf *mb, const struct dialog *dlg,
			const char *met)
{
	static const char ack[] = " ACK\r\n";
	int err;

	err = sip_dialog_encode(mb, dlg->dlg, sip_dialog_lseq(dlg->dlg),
				"ACK");
	if (err)
		return err;

	mb->pos = mb->end -= strlen(ack);

	return mbuf_printf(mb, " %s\r\n", met);
}


/**
 * Print a request as it would be sent in the dialog now
 *
 * @param textp Pointer to the text
 * @param dlg   Dialog
 * @param met   Method
 * @param hdrs  Header fields, each ended by CRLF
 *
 * @return 0 if success, otherwise errorcode
 */
int dialog_print(char **textp, const struct dialog *dlg, const char *met,
		 const char *hdrs)
{
	struct sip_contact contact;
	enum sip_transp tp;
	struct mbuf *mb;
	struct sa src;
	int err;

	mb = mbuf_alloc(1024);
	if (!mb)
		return ENOMEM;

	err = mbuf_printf(mb, "%s %s SIP/2.0\r\n", met,
			  sip_dialog_uri(dlg->dlg));
	if (!err)
		err = print_via(mb, dlg, &src, &tp);
	if (err)
		goto out;

	sip_contact_set(&contact, dlg->cuser, &src, tp);
	err = mbuf_printf(mb, "%HMax-Forwards: 70\r\n", sip_contact_print,
			  &contact);
	err |= print_dialog(mb, dlg, met);
	err |= mbuf_printf(mb, "User-Agent: baresip v%s (%s/%s)\r\n",
			   compat_baresip_version(), sys_arch_get(),
			   sys_os_get());
	err |= mbuf_printf(mb, "%sContent-Length: 0\r\n\r\n", hdrs);
	if (err)
		goto out;

	mb->pos = 0;
	err = mbuf_strdup(mb, textp, mbuf_get_left(mb));

out:
	mem_deref(mb);

	return err;
}
