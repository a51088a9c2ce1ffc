/**
 * @file plugin.h  Loads what speaks with the engine
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef PLUGIN_H
#define PLUGIN_H

struct fleetbus_plugin;

const struct fleetbus_plugin *plugin_load(void);

#endif
